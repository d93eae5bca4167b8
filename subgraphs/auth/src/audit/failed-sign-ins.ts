import { type Database, inTenant, type SampledAudit, writeAuditEvent } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import type { Platform } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { SessionClient } from '../sessions/session.queries.ts';

export type FailedSignIn = { tenantId: string; client: SessionClient } & (
  | {
      account: Account | undefined;
      /** Whether the password was the account's. */
      isRight: boolean;
    }
  /** No account is known. */
  | { cause: 'passkey' | 'upstream' }
);

/**
 * Records a failed sign-in. The cause is for the log only, and the caller does not learn it. The row does not hold the e-mail:
 * people type passwords into that field.
 */
export type FailedSignInAudit = (failed: FailedSignIn) => Promise<void>;

type Options = {
  db: Kysely<Database>;
  platform: Platform;
  samples: SampledAudit;
  /** Failures that get a row each. */
  rowsPerMinute: number;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
};

/**
 * A failure has a row of its own, in a transaction of its own: the sign-in has none to commit. Beyond the rate it is sampled, by cause and
 * account, or network where there is no account, so that guessing does not fill the log.
 */
export function createFailedSignInAudit({
  db,
  platform,
  samples,
  rowsPerMinute,
  now = () => performance.now(),
}: Options): FailedSignInAudit {
  const takeRow = createAllowance(rowsPerMinute, now);
  return async (failed) => {
    const { tenantId, client } = failed;
    const kind = 'auth.login.failure';
    const account = 'account' in failed ? failed.account : undefined;
    const cause = causeOf(failed);
    const row = { tenantId, subjectId: account?.id, origin: client, details: { cause } };
    if (takeRow()) {
      await inTenant(db, tenantId, (trx) => writeAuditEvent(trx, { kind, platform, ...row }));
      return;
    }
    const subject = account?.id ?? readClientPrefix(client.address).network;
    samples.tell(kind, `${cause} ${subject}`, row);
  };
}

function causeOf(failed: FailedSignIn): string {
  if ('cause' in failed) return failed.cause;
  if (failed.account === undefined) return 'unknown_account';
  return failed.isRight ? 'inactive' : 'wrong_password';
}

/** So many at once, and as many again in a minute. */
function createAllowance(perMinute: number, now: () => number): () => boolean {
  let left = perMinute;
  let countedAt = now();
  return () => {
    const time = now();
    left = Math.min(perMinute, left + ((time - countedAt) * perMinute) / 60_000);
    countedAt = time;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
