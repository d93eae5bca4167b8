import { inTenant } from '@signet/db';
import DataLoader from 'dataloader';
import type { PlatformIssuer } from '../issuer/platform-issuer.ts';
import { findAccountsByIds } from './account.queries.ts';
import type { Account } from './account.ts';

/** Accounts of one tenant by id, for one request: however many are asked for at once, one statement. */
export function createAccountLoader<A extends Account>(
  { db, tables }: Pick<PlatformIssuer<A>, 'db' | 'tables'>,
  tenantId: string,
): DataLoader<string, A | undefined> {
  return new DataLoader(async (ids) => {
    const accounts = await inTenant(db, tenantId, (trx) => findAccountsByIds(trx, tables, ids));
    const byId = new Map(accounts.map((account) => [account.id, account]));
    return ids.map((id) => byId.get(id));
  });
}
