import {
  auditLogDocument,
  customersDocument,
  dashboardDocument,
  refusalsDocument,
  serviceAccountsDocument,
  signingKeysDocument,
  staffMembersDocument,
} from '../operations.generated.ts';
import { texts } from '../texts/index.ts';

/** What the navigation leads to, each with the operation that its first screen sends. Without one it is for everybody. */
export const sections: readonly { path: string; name: string; document?: string }[] = [
  { path: '/dashboard', name: texts.nav.dashboard, document: dashboardDocument },
  { path: '/customers', name: texts.nav.customers, document: customersDocument },
  { path: '/staff', name: texts.nav.staff, document: staffMembersDocument },
  { path: '/roles', name: texts.nav.roles },
  { path: '/services', name: texts.nav.services, document: serviceAccountsDocument },
  { path: '/keys', name: texts.nav.keys, document: signingKeysDocument },
  { path: '/refusals', name: texts.nav.refusals, document: refusalsDocument },
  { path: '/audit', name: texts.nav.audit, document: auditLogDocument },
];
