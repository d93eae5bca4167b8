import { ApolloProvider } from '@apollo/client/react';
import { SignetProvider } from '@signet/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, RouterProvider } from 'react-router';
import * as browse from './catalog/browse-page.tsx';
import { Layout, NotFound, PageFault } from './layout.tsx';
import { apollo, signet } from './signet.ts';
import { language } from './texts/index.ts';
import './styles.css';

document.documentElement.lang = language;
// What could not be loaded while the network was gone is asked for again.
window.addEventListener('online', () => void apollo.refetchQueries({ include: 'active' }));

const linkPages = () => import('./account/link-pages.tsx');
const signInPages = () => import('./account/sign-in-pages.tsx');
const router = createBrowserRouter([
  {
    element: <Layout />,
    errorElement: <PageFault />,
    hydrateFallbackElement: <p />,
    children: [
      { index: true, ...browse },
      { path: 'products/:id', lazy: () => import('./catalog/product-page.tsx') },
      { path: 'basket', lazy: () => import('./orders/basket-page.tsx') },
      { path: 'orders', lazy: () => import('./orders/orders-page.tsx') },
      { path: 'orders/:id', lazy: () => import('./orders/order-page.tsx') },
      { path: 'account', lazy: () => import('./account/account-page.tsx') },
      { path: 'sign-in', lazy: async () => ({ Component: (await signInPages()).SignInPage }) },
      { path: 'register', lazy: async () => ({ Component: (await signInPages()).RegisterPage }) },
      {
        path: 'forgot-password',
        lazy: async () => ({ Component: (await signInPages()).ForgotPasswordPage }),
      },
      // Where the links of mails lead, and where others send people back to.
      { path: 'verify-email', lazy: async () => ({ Component: (await linkPages()).VerifyEmailPage }) },
      { path: 'reset-password', lazy: async () => ({ Component: (await linkPages()).ResetPasswordPage }) },
      { path: 'confirm-email', lazy: async () => ({ Component: (await linkPages()).ConfirmEmailPage }) },
      { path: 'undo-email', lazy: async () => ({ Component: (await linkPages()).UndoEmailPage }) },
      { path: 'act', lazy: async () => ({ Component: (await linkPages()).ActPage }) },
      { path: 'signed-in', lazy: async () => ({ Component: (await linkPages()).SignedInPage }) },
      { path: '*', element: <NotFound /> },
    ],
  },
]);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <SignetProvider client={signet}>
        <ApolloProvider client={apollo}>
          <RouterProvider router={router} />
        </ApolloProvider>
      </SignetProvider>
    </StrictMode>,
  );
}
