import { ConfigError } from '@signet/service';
import type { PlatformIssuer } from './issuer/platform-issuer.ts';
import { listTenantsWithSeededAccounts } from './seeded-accounts.queries.ts';

/**
 * The seed's passwords stand in the README: in production nobody may be able to sign in with one.
 *
 * @throws {ConfigError}
 */
export async function assertNoSeededAccounts({
  db,
  tables,
  platform,
}: Pick<PlatformIssuer, 'db' | 'tables' | 'platform'>): Promise<void> {
  const tenants = await listTenantsWithSeededAccounts(db, tables);
  if (tenants.length > 0) {
    const kind = platform === 'user' ? 'customers' : 'staff';
    throw new ConfigError([
      `NODE_ENV: is production, but ${kind} of the development seed, whose password is public, are active in: ${tenants.join(', ')}; deactivate them`,
    ]);
  }
}
