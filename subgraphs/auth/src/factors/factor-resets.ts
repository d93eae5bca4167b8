import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import { poll } from '@signet/flow';
import type { Logger } from '@signet/service';
import { sql, type Transaction } from 'kysely';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { endChallengesOf } from '../challenges/challenge.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { endSessionsOf } from '../sessions/session.queries.ts';
import { removeAllFactors } from './account-factors.ts';

type Trx = Transaction<Database>;

const everyMs = 1000;
const atOnce = 20;

/**
 * Carries out the resets of second factors that are due: what staff asked for of customers, whose factors their process can't reach, and
 * of super_admins, which waits for a day. One that can't be carried out now is due again, and keeps no other waiting.
 */
export function startFactorResets<A extends Account>(
  issuer: PlatformIssuer<A>,
  logger: Logger,
): { stop(): Promise<void> } {
  const { db, platform } = issuer;
  const due = sql<{ id: string; tenantId: string }>`
    select id, tenant_id as "tenantId" from ${sql.raw(`auth.due_${platform}_factor_resets`)}(${atOnce})`;
  const stop = poll(
    async () => {
      const { rows } = await due.execute(db);
      for (const { id, tenantId } of rows) {
        try {
          await inTenant(db, tenantId, (trx) => carryOut(trx, issuer, { id, tenantId }));
        } catch (err) {
          logger.error({ err, platform, request: id }, 'a reset of second factors failed; it is tried again');
        }
      }
    },
    { everyMs, onFault: (err) => logger.warn({ err, platform }, 'second factors were not reset') },
  );
  return { stop };
}

async function carryOut<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { id, tenantId }: { id: string; tenantId: string },
): Promise<void> {
  const { tables } = issuer;
  const asked = await sql<{ accountId: string }>`
    select account_id as "accountId" from ${tables.factorReset} where id = ${id}`.execute(trx);
  // First the account: everything else that changes it takes its lock first too.
  const account = asked.rows[0] && (await lockAccountForChange(trx, tables, asked.rows[0].accountId));
  const { rows } = await sql<{ staffId: string }>`
    update ${tables.factorReset} set settled_at = now(), outcome = 'done'
    where id = ${id} and settled_at is null and due_at <= now() returning staff_id as "staffId"
  `.execute(trx);
  const [settled] = rows;
  // Another replica was faster, or it was cancelled.
  if (!account || !settled) return;
  await resetFactors(trx, issuer, { account, tenantId, staffId: settled.staffId });
}

type Reset<A> = { account: A; tenantId: string; staffId: string };

/**
 * Takes all factors of an account, ends its sessions and tells its owner what went. The account's row is locked. `staffId`: who asked for it.
 */
export async function resetFactors<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { account, tenantId, staffId }: Reset<A>,
): Promise<void> {
  const { platform, tables, now } = issuer;
  const removed = await removeAllFactors(trx, issuer, account.id);
  await endChallengesOf(trx, tables, account.id);
  const by = { staffId };
  const ended = await endSessionsOf(trx, tables, account.id, { reason: 'factor', now: now(), by });
  await writeAuditEvent(trx, {
    kind: 'auth.factor.reset',
    platform,
    tenantId,
    actorId: staffId,
    subjectId: account.id,
    details: { ended, factors: removed.join(' ') },
  });
  if (!issuer.mail) return;
  const factors = removed.length > 0 ? removed : (['no_factors'] as const);
  const values = { factors, at: now(), link: linkTo(issuer, 'account') };
  await queueMail(trx, issuer, { tenantId, account, to: account.email, template: 'factor-reset', values });
}
