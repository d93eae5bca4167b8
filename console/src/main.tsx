import { SignetProvider } from '@signet/client/react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, Navigate, RouterProvider } from 'react-router';
import { forgetDrafts, keepDraftsOf } from './app/drafts.ts';
import { OperationError, renewAll } from './app/operations.ts';
import { Home, NotFound, PageFault } from './app/page-fault.tsx';
import { Shell } from './app/shell.tsx';
import { ownerOf, signet } from './app/signet.ts';
import { stepUp } from './app/step-up.ts';
import { keepScreen, watchForUpgrade } from './app/upgrade.ts';
import { watchLinks } from './links/link-token.ts';
import { language } from './texts/index.ts';
import { clearNotices } from './ui/notices.tsx';
import { forgetShown, ShownOnce } from './ui/shown-once.tsx';
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
    // After a change of the role it is still the same person's.
    if (isLeft) forgetShown();
    forgetDrafts();
    clearNotices();
  }
  if (next === undefined) {
    isOver = true;
    return;
  }
  keepDraftsOf(next);
  // What was refused meanwhile is asked again.
  if (isOver && owner === next) void renewAll(queries);
  owner = next;
  isOver = false;
});

const addressPage = (name: 'ConfirmEmail' | 'VerifyEmail' | 'UndoEmail') =>
  keepScreen(async () => ({ Component: (await import('./links/address-pages.tsx'))[name] }));

const router = createBrowserRouter(
  [
    {
      element: <Shell />,
      errorElement: <PageFault />,
      // Until the file of the first page is there.
      hydrateFallbackElement: <main aria-busy="true" />,
      children: [
        {
          // Within the frame: a screen that fails leaves the others reachable.
          errorElement: <PageFault />,
          children: [
            { index: true, element: <Home /> },
            { path: 'dashboard', lazy: keepScreen(() => import('./dashboard/dashboard-page.tsx')) },
            { path: 'customers', lazy: keepScreen(() => import('./customers/customers-page.tsx')) },
            { path: 'customers/:id', lazy: keepScreen(() => import('./customers/customer-page.tsx')) },
            { path: 'impersonations', lazy: keepScreen(() => import('./customers/impersonations-page.tsx')) },
            { path: 'keys', lazy: keepScreen(() => import('./keys/keys-page.tsx')) },
            { path: 'refusals', lazy: keepScreen(() => import('./refusals/refusals-page.tsx')) },
            { path: 'refusals/:id', lazy: keepScreen(() => import('./refusals/refusals-page.tsx')) },
            { path: 'audit', lazy: keepScreen(() => import('./audit/audit-page.tsx')) },
            { path: 'staff', lazy: keepScreen(() => import('./staff/staff-page.tsx')) },
            { path: 'staff/invitations', lazy: keepScreen(() => import('./staff/invitations-page.tsx')) },
            { path: 'staff/:id', lazy: keepScreen(() => import('./staff/member-page.tsx')) },
            { path: 'roles', lazy: keepScreen(() => import('./roles/roles-page.tsx')) },
            { path: 'services', lazy: keepScreen(() => import('./services/services-page.tsx')) },
            { path: 'services/:side/:id', lazy: keepScreen(() => import('./services/service-page.tsx')) },
            { path: 'account', lazy: keepScreen(() => import('./account/account-page.tsx')) },
            // Mails lead to it.
            { path: 'sign-in', element: <Navigate to="/" replace /> },
            { path: '*', element: <NotFound /> },
          ],
        },
      ],
    },
    // What links in mails lead to. Nobody needs to be signed in.
    {
      errorElement: <PageFault />,
      // Until the file of the first page is there.
      hydrateFallbackElement: <main aria-busy="true" />,
      children: [
        { path: 'accept-invitation', lazy: keepScreen(() => import('./links/accept-invitation-page.tsx')) },
        { path: 'reset-password', lazy: keepScreen(() => import('./links/reset-password-page.tsx')) },
        { path: 'confirm-email', lazy: addressPage('ConfirmEmail') },
        { path: 'verify-email', lazy: addressPage('VerifyEmail') },
        { path: 'undo-email', lazy: addressPage('UndoEmail') },
      ],
    },
  ],
  { basename: '/console' },
);

watchForUpgrade();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <SignetProvider client={signet}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
          <ShownOnce />
        </QueryClientProvider>
      </SignetProvider>
    </StrictMode>,
  );
}
