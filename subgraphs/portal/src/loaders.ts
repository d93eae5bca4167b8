import { type Database, inTenant } from '@signet/db';
import { loadOwnedPages, type OwnedPage, ownedPageKey } from '@signet/subgraph';
import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import { findAssignees } from './assignees/customer-assignees.queries.ts';
import { type CustomerRow, findCustomers } from './customer/customer.queries.ts';
import { findNotesOfUsers, type SupportNoteRow } from './support-notes/support-notes.queries.ts';

export type Loaders = {
  customer: DataLoader<string, CustomerRow | undefined>;
  assigneesOfCustomer: DataLoader<string, string[]>;
  notesOfUser: DataLoader<OwnedPage<number>, SupportNoteRow[], string>;
};

/** One set a request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  return {
    customer: new DataLoader(async (ids) => {
      const rows = await inTenant(db, tenantId, (trx) => findCustomers(trx, ids));
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    }),
    assigneesOfCustomer: new DataLoader((customerIds) =>
      inTenant(db, tenantId, (trx) => findAssignees(trx, customerIds)),
    ),
    notesOfUser: new DataLoader(
      (keys) =>
        inTenant(db, tenantId, (trx) =>
          loadOwnedPages(
            keys,
            (row) => row.user_id,
            (userIds, page) => findNotesOfUsers(trx, userIds, page),
          ),
        ),
      { cacheKeyFn: ownedPageKey },
    ),
  };
}
