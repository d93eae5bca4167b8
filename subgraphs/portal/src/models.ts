import type { Connection } from '@signet/subgraph';
import type { AuditEventRow } from './audit-log/audit-log.queries.ts';
import type { CustomerRow } from './customer/customer.queries.ts';
import type { SupportNoteRow } from './support-notes/support-notes.queries.ts';

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type UserModel = CustomerRow;
/** With the search, so that `totalCount` is counted only where it is asked for. */
export type UserConnectionModel = Connection<CustomerRow> & { search: string | undefined };
export type AuditEventModel = AuditEventRow;
export type SupportNoteModel = SupportNoteRow;
