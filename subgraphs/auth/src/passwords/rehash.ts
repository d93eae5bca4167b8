import { type Database, inTenant } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { type Logger, RefusalError } from '@signet/service';
import type { Kysely } from 'kysely';
import { replacePasswordHash } from '../accounts/account.queries.ts';
import type { Account, PlatformTables } from '../accounts/account.ts';
import type { PasswordWorkers } from './password-workers.ts';

/** A password that was just compared and found right, and the row that it was compared with. */
export type RightPassword = {
  tenantId: string;
  accountId: string;
  password: string;
  stored: PasswordHash;
};

/** Makes stored hashes anew where cost, pepper or algorithm differ from those in use. */
export type Rehash = {
  /** Returns at once. A failure is logged, and the next sign-in tries again. */
  offer(right: RightPassword): void;
  /** When all that was offered is done. Before the workers close. */
  settled(): Promise<void>;
};

type Options<A extends Account> = {
  db: Kysely<Database>;
  tables: PlatformTables<A>;
  passwords: Pick<PasswordWorkers, 'rehash'>;
  logger: Logger;
};

/**
 * The password stays the same, so its version does: sessions, devices and links in mails live on. The row is changed only while it has the
 * hash that was compared: a change of password in the meantime wins.
 */
export function createRehash<A extends Account>(options: Options<A>): Rehash {
  const { db, tables, passwords, logger } = options;
  const running = new Map<string, Promise<void>>();
  const replace = async ({ tenantId, accountId, password, stored }: RightPassword) => {
    const made = await passwords.rehash(password, stored, accountId);
    if (made)
      await inTenant(db, tenantId, (trx) => replacePasswordHash(trx, tables, accountId, { stored, made }));
  };
  return {
    offer(right) {
      const { accountId } = right;
      if (running.has(accountId)) return; // Two sign-ins at once need one.
      const run = replace(right)
        .catch((err: unknown) => {
          if (err instanceof RefusalError) return; // No place in the queue.
          logger.warn({ err, accountId }, 'a password could not be hashed anew');
        })
        .finally(() => running.delete(accountId));
      running.set(accountId, run);
    },
    async settled() {
      await Promise.all(running.values());
    },
  };
}
