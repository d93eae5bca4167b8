import { SignetProvider } from '@signet/client/react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, Navigate, RouterProvider } from 'react-router';
import { showCodes } from './app/enrollment.tsx';
import { OperationError } from './app/operations.ts';
import { Home, NotFound, PageFault } from './app/page-fault.tsx';
import { Shell } from './app/shell.tsx';
import { ownerOf, signet } from './app/signet.ts';
import { stepUp } from './app/step-up.ts';
import { watchLinks } from './links/link-token.ts';
import { language } from './texts/index.ts';
import './ui/styles.css';

document.documentElement.lang = language;
watchLinks();

const queries = new QueryClient({
  defaultOptions: {
    // Nothing waits for the network to come back: what somebody has given up must not happen an hour later.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 10_000,
      retry: (count, error) =>
        count < 2 && error instanceof OperationError && ['unavailable', 'network'].includes(error.error.kind),
    },
  },
});

// What one member of staff saw, or may no longer see, is not for the next one, nor is what waits for a proof of who it is.
let owner: string | undefined;
let isOver = false;
signet.session.subscribe((state) => {
  const next = state.status === 'signed-in' ? ownerOf(state.account) : undefined;
  if (next !== owner) stepUp.current()?.answer(false);
  const isLeft = state.status === 'signed-out' && state.reason === 'signed-out';
  if (isLeft || (next !== undefined && owner !== undefined && owner !== next)) {
    queries.clear();
    showCodes([]);
  }
  if (next === undefined) {
    isOver = true;
    return;
  }
  // What was refused meanwhile is asked again.
  if (isOver && owner === next) void queries.invalidateQueries();
  owner = next;
  isOver = false;
});

const addressPages = () => import('./links/address-pages.tsx');

const router = createBrowserRouter(
  [
    {
      element: <Shell />,
      errorElement: <PageFault />,
      // Until the file of the first page is there.
      hydrateFallbackElement: <main aria-busy="true" />,
      children: [
        { index: true, element: <Home /> },
        { path: 'customers', lazy: () => import('./customers/customers-page.tsx') },
        { path: 'customers/:id', lazy: () => import('./customers/customer-page.tsx') },
        { path: 'audit', lazy: () => import('./audit/audit-page.tsx') },
        { path: 'staff', lazy: () => import('./staff/staff-page.tsx') },
        { path: 'staff/invitations', lazy: () => import('./staff/invitations-page.tsx') },
        { path: 'staff/:id', lazy: () => import('./staff/member-page.tsx') },
        { path: 'roles', lazy: () => import('./roles/roles-page.tsx') },
        { path: 'services', lazy: () => import('./services/services-page.tsx') },
        { path: 'services/:side/:id', lazy: () => import('./services/service-page.tsx') },
        { path: 'account', lazy: () => import('./account/account-page.tsx') },
        // Mails lead to it.
        { path: 'sign-in', element: <Navigate to="/" replace /> },
        { path: '*', element: <NotFound /> },
      ],
    },
    // What links in mails lead to. Nobody needs to be signed in.
    {
      errorElement: <PageFault />,
      // Until the file of the first page is there.
      hydrateFallbackElement: <main aria-busy="true" />,
      children: [
        { path: 'accept-invitation', lazy: () => import('./links/accept-invitation-page.tsx') },
        { path: 'reset-password', lazy: () => import('./links/reset-password-page.tsx') },
        { path: 'confirm-email', lazy: async () => ({ Component: (await addressPages()).ConfirmEmail }) },
        { path: 'verify-email', lazy: async () => ({ Component: (await addressPages()).VerifyEmail }) },
        { path: 'undo-email', lazy: async () => ({ Component: (await addressPages()).UndoEmail }) },
      ],
    },
  ],
  { basename: '/console' },
);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <SignetProvider client={signet}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </SignetProvider>
    </StrictMode>,
  );
}
