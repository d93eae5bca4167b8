import { auditLogDocument, customersDocument, dashboardDocument } from '../operations.generated.ts';
import { texts } from '../texts/index.ts';

/** What the navigation leads to, each with the operation that its first screen sends. */
export const sections = [
  { path: '/dashboard', name: texts.nav.dashboard, document: dashboardDocument },
  { path: '/customers', name: texts.nav.customers, document: customersDocument },
  { path: '/audit', name: texts.nav.audit, document: auditLogDocument },
];
