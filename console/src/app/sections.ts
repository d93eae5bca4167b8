import { auditLogDocument, customersDocument, signingKeysDocument } from '../operations.generated.ts';
import { texts } from '../texts/index.ts';

/** What the navigation leads to, each with the operation that its first screen sends. */
export const sections = [
  { path: '/customers', name: texts.nav.customers, document: customersDocument },
  { path: '/keys', name: texts.nav.keys, document: signingKeysDocument },
  { path: '/audit', name: texts.nav.audit, document: auditLogDocument },
];
