import { auditLogDocument, customersDocument, refusalsDocument } from '../operations.generated.ts';
import { texts } from '../texts/index.ts';

/** What the navigation leads to, each with the operation that its first screen sends. */
export const sections = [
  { path: '/customers', name: texts.nav.customers, document: customersDocument },
  { path: '/refusals', name: texts.nav.refusals, document: refusalsDocument },
  { path: '/audit', name: texts.nav.audit, document: auditLogDocument },
];
