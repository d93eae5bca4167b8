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

const pages = {
  product: () => import('./catalog/product-page.tsx'),
  basket: () => import('./orders/basket-page.tsx'),
  orders: () => import('./orders/orders-page.tsx'),
  order: () => import('./orders/order-page.tsx'),
  account: () => import('./account/account-page.tsx'),
  signIn: () => import('./account/sign-in-pages.tsx'),
  links: () => import('./account/link-pages.tsx'),
};
// They are small, and so there before somebody opens them: also where the network goes meanwhile.
window.addEventListener('load', () =>
  setTimeout(() => {
    for (const load of Object.values(pages)) load().catch(() => undefined);
  }, 500),
);

type LinkPageName =
  | 'VerifyEmailPage'
  | 'ResetPasswordPage'
  | 'ConfirmEmailPage'
  | 'UndoEmailPage'
  | 'ActPage';

/** A page that gets what stands after `#` in its address. */
const linkPage = (name: LinkPageName) => async () => {
  const { [name]: Component, takeFragment } = await pages.links();
  return { Component, loader: takeFragment };
};

const router = createBrowserRouter([
  {
    element: <Layout />,
    errorElement: <PageFault />,
    hydrateFallbackElement: <p />,
    children: [
      {
        errorElement: <PageFault />,
        children: [
          { index: true, ...browse },
          { path: 'products/:id', lazy: pages.product },
          { path: 'basket', lazy: pages.basket },
          { path: 'orders', lazy: pages.orders },
          { path: 'orders/:id', lazy: pages.order },
          { path: 'account', lazy: pages.account },
          { path: 'sign-in', lazy: async () => ({ Component: (await pages.signIn()).SignInPage }) },
          { path: 'register', lazy: async () => ({ Component: (await pages.signIn()).RegisterPage }) },
          {
            path: 'forgot-password',
            lazy: async () => ({ Component: (await pages.signIn()).ForgotPasswordPage }),
          },
          // Where the links of mails lead, and where others send people back to.
          { path: 'verify-email', lazy: linkPage('VerifyEmailPage') },
          { path: 'reset-password', lazy: linkPage('ResetPasswordPage') },
          { path: 'confirm-email', lazy: linkPage('ConfirmEmailPage') },
          { path: 'undo-email', lazy: linkPage('UndoEmailPage') },
          { path: 'act', lazy: linkPage('ActPage') },
          {
            path: 'signed-in',
            lazy: async () => {
              const { SignedInPage, takeUpstreamResult } = await pages.links();
              return { Component: SignedInPage, loader: takeUpstreamResult };
            },
          },
          { path: '*', element: <NotFound /> },
        ],
      },
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
