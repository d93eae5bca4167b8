import { SignetProvider } from '@signet/client/react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { OperationError } from './app/operations.ts';
import { Home, NotFound, PageFault } from './app/page-fault.tsx';
import { Shell } from './app/shell.tsx';
import { signet } from './app/signet.ts';
import { language } from './texts/index.ts';
import './ui/styles.css';

document.documentElement.lang = language;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) =>
        count < 2 && error instanceof OperationError && ['unavailable', 'network'].includes(error.error.kind),
    },
  },
});

// What one member of staff saw is not for the next one.
let owner: string | undefined;
signet.session.subscribe((state) => {
  if (state.status !== 'signed-in') return;
  if (owner !== undefined && owner !== state.account.id) queries.clear();
  owner = state.account.id;
});

const router = createBrowserRouter(
  [
    {
      element: <Shell />,
      errorElement: <PageFault />,
      children: [
        { index: true, element: <Home /> },
        { path: 'customers', lazy: () => import('./customers/customers-page.tsx') },
        { path: 'customers/:id', lazy: () => import('./customers/customer-page.tsx') },
        { path: 'audit', lazy: () => import('./audit/audit-page.tsx') },
        { path: '*', element: <NotFound /> },
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
