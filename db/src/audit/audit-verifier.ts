import { createFaultLog } from '@signet/flow';
import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../tables.ts';
import type { AuditKeys } from './audit-keys.ts';
import { type Verification, verifyAuditLog } from './verify-audit-log.ts';

type Log = {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
};
type VerifierOptions = {
  db: Kysely<Database>;
  platform: Platform;
  keys: AuditKeys;
  log: Log;
  /** How often it is asked whether there is something to do. */
  everyMs?: number;
  /** Hours after which a chain is verified without being asked. */
  everyHours: number;
};
export type AuditVerifier = { stop(): Promise<void> };

const lookEveryMs = 2000;
/** How many looks it leaves out after a verification that failed. */
const pausesAfterFailure = 30;
/** A process that was killed meanwhile does not keep the others from it for longer. */
const abandonedAfter = sql`interval '2 hours'`;
const maxKeptFaults = 20;

/**
 * Verifies the platform's chain where staff ask for it, and once in `everyHours` without, and keeps what was found. One replica does it at a time.
 * The last seal of one verification must still be there at the next: with that, an end that was cut off is found without the log.
 */
export async function verifyIfDue({
  db,
  platform,
  keys,
  log,
  everyHours,
}: VerifierOptions): Promise<Verification | undefined> {
  const { rows } = await sql<{ claim: string; last_seal: number | null; last_mac: Buffer | null }>`
    update auth.audit_verification set started_at = now()
    where platform = ${platform}
      and (requested_at > coalesce(started_at, '-infinity') or started_at is null
        or started_at < now() - ${everyHours} * interval '1 hour')
      and (started_at is null or finished_at >= started_at or started_at < now() - ${abandonedAfter})
    returning started_at::text as claim, last_seal, last_mac
  `.execute(db);
  const [claimed] = rows;
  if (!claimed) return undefined;
  const { claim, last_seal: number, last_mac: mac } = claimed;
  const lastSeal =
    number !== null && mac !== null
      ? { platform, number: Number(number), mac: mac.toString('hex') }
      : undefined;
  const found = await verifyAuditLog({ db, platform, keys, lastSeal }).catch(async (error: unknown) => {
    // For the next one to try.
    await db
      .updateTable('auth.audit_verification')
      .set({ started_at: null })
      .where('platform', '=', platform)
      .execute();
    throw error;
  });
  const { faults, seals, events, pruned, completeFrom, missingKeys } = found;
  await db
    .updateTable('auth.audit_verification')
    .set({
      finished_at: sql<Date>`greatest(clock_timestamp(), started_at)`,
      seals,
      events,
      pruned,
      complete_from: completeFrom,
      // Of a chain that was cut off, the seal that is missed stays.
      ...(found.lastSeal &&
        (number === null || found.lastSeal.number >= Number(number)) && {
          last_seal: found.lastSeal.number,
          last_mac: Buffer.from(found.lastSeal.mac, 'hex'),
        }),
      fault_count: faults.length,
      faults: faults.slice(0, maxKeptFaults),
      missing_keys: missingKeys,
    })
    .where('platform', '=', platform)
    // Else the sealer has demanded one since, with a seal that must be there.
    .where(sql<boolean>`started_at = ${claim}::timestamptz`)
    .execute();
  const result = { platform, seals, events, faults: faults.length };
  if (faults.length > 0)
    log.error({ ...result, first: faults.slice(0, 3) }, 'the audit log is not as it was sealed');
  else log.info(result, 'audit log verified');
  return found;
}

export function startAuditVerifier(options: VerifierOptions): AuditVerifier {
  const { log, platform, everyMs = lookEveryMs } = options;
  let running: Promise<unknown> | undefined;
  let toSkip = 0;
  const faultLog = createFaultLog({
    failing: (err) => log.error({ err, platform }, 'the audit log could not be verified'),
  });
  const timer = setInterval(() => {
    if (toSkip > 0) {
      toSkip -= 1;
      return;
    }
    running ??= verifyIfDue(options)
      .then(faultLog.worked)
      .catch((err: unknown) => {
        toSkip = pausesAfterFailure;
        faultLog.failed(err);
      })
      .finally(() => {
        running = undefined;
      });
  }, everyMs).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
