import { type Database, readInTenant } from '@signet/db';
import {
  type Connection,
  type Counted,
  loadOwnedPages,
  type OwnedPage,
  ownedPageKey,
} from '@signet/subgraph';
import type { SubgraphContext } from '@signet/subgraph/define';
import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import type { PortalSettings } from '../settings.ts';
import { findAssignees } from './assignees.queries.ts';
import type { AuditEventRow } from './audit-log.queries.ts';
import {
  type CustomerDeviceRow,
  type CustomerFactorRow,
  type CustomerSessionRow,
  findDevicesOf,
  findFactorsOf,
  findRememberedDevicesOf,
  findSessionsOf,
  type RememberedDeviceRow,
} from './customer-account.queries.ts';
import { type CustomerRow, findCustomers } from './customers.queries.ts';
import type { ImpersonationRow } from './impersonations.queries.ts';
import type { RefusalRow } from './refusals.queries.ts';
import { findNotesOfUsers, type SupportNoteRow } from './support-notes.queries.ts';

/** What a resolver has. */
export type GraphqlContext = SubgraphContext<Loaders, PortalSettings>;

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type UserModel = CustomerRow;
export type UserConnectionModel = Connection<CustomerRow> & Counted;
export type AuditEventModel = AuditEventRow;
export type SupportNoteModel = SupportNoteRow;
export type CustomerSessionModel = CustomerSessionRow;
export type CustomerFactorModel = CustomerFactorRow;
export type CustomerDeviceModel = CustomerDeviceRow;
export type RememberedDeviceModel = RememberedDeviceRow;
export type ImpersonationModel = ImpersonationRow;
/** The id of the caller's own tenant. */
export type DashboardModel = { id: string };
export type RefusalModel = RefusalRow;

export type Loaders = {
  customer: DataLoader<string, CustomerRow | undefined>;
  assigneesOfCustomer: DataLoader<string, string[]>;
  sessionsOfCustomer: DataLoader<string, CustomerSessionRow[]>;
  factorsOfCustomer: DataLoader<string, CustomerFactorRow[]>;
  devicesOfCustomer: DataLoader<string, CustomerDeviceRow[]>;
  rememberedDevicesOfCustomer: DataLoader<string, RememberedDeviceRow[]>;
  notesOfUser: DataLoader<OwnedPage<number>, SupportNoteRow[], string>;
};

/** One set for each request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  return {
    customer: new DataLoader(async (ids) => {
      const rows = await readInTenant(db, tenantId, (trx) => findCustomers(trx, ids));
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    }),
    assigneesOfCustomer: new DataLoader((customerIds) =>
      readInTenant(db, tenantId, (trx) => findAssignees(trx, customerIds)),
    ),
    sessionsOfCustomer: new DataLoader((ids) =>
      readInTenant(db, tenantId, (trx) => findSessionsOf(trx, ids)),
    ),
    factorsOfCustomer: new DataLoader((ids) => readInTenant(db, tenantId, (trx) => findFactorsOf(trx, ids))),
    rememberedDevicesOfCustomer: new DataLoader((ids) =>
      readInTenant(db, tenantId, (trx) => findRememberedDevicesOf(trx, ids)),
    ),
    devicesOfCustomer: new DataLoader((ids) => readInTenant(db, tenantId, (trx) => findDevicesOf(trx, ids))),
    notesOfUser: new DataLoader(
      (keys) =>
        readInTenant(db, tenantId, (trx) =>
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
