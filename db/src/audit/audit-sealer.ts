import type { Platform } from '@signet/schema/contract';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../tables.ts';
import { type AuditKeys, auditKeyId } from './audit-keys.ts';
import { findLastSeal, hasSealed, insertSeal, takePending, tryLockSealing } from './audit-seals.queries.ts';
import { computeSealMac, formatSealReference, type SealReference } from './audit-seals.ts';

type Log = { info(fields: object, message: string): void; error(fields: object, message: string): void };
type SealingOptions = {
  db: Kysely<Database>;
  platform: Platform;
  keys: AuditKeys;
  /** Rows that one seal covers at most. */
  batchSize?: number;
  now?: () => Date;
};
export type AuditSealer = { stop(): Promise<void> };

const sealEveryMs = 1000;

/**
 * Seals the platform's waiting rows in one transaction. One replica does it at a time; undefined where
 * another is sealing, or nothing waits.
 */
export function sealAuditEvents(options: SealingOptions): Promise<SealReference | undefined> {
  const { db, platform, keys, batchSize = 1000, now = () => new Date() } = options;
  return db.transaction().execute(async (trx) => {
    if (!(await tryLockSealing(trx, platform))) return undefined;
    const events = await takePending(trx, platform, batchSize);
    if (events.length === 0) return undefined;
    const last = await findLastSeal(trx, platform);
    const key = await chooseKey(trx, platform, keys, last?.key_id ?? null);
    const seal = {
      platform,
      number: (last?.number ?? 0) + 1,
      sealedAt: now(),
      events,
      previous: last?.mac ?? null,
    };
    const mac = computeSealMac(key, seal);
    const { sealedAt, ...columns } = seal;
    await insertSeal(trx, { ...columns, sealed_at: sealedAt, mac, key_id: auditKeyId(key) });
    return { platform, number: seal.number, mac: mac.toString('hex') };
  });
}

/**
 * The key of the process, except where another process has begun a newer one: a key that was left never seals again, so that a thief of
 * an old key can add nothing that `verifyAuditLog` believes.
 *
 * @throws where the newer one is not among the keys.
 */
async function chooseKey(
  trx: Transaction<Database>,
  platform: Platform,
  keys: AuditKeys,
  lastKeyId: string | null,
): Promise<Uint8Array> {
  const own = auditKeyId(keys[0]);
  if (lastKeyId === null || lastKeyId === own || !(await hasSealed(trx, platform, own))) return keys[0];
  const newer = keys.find((key) => auditKeyId(key) === lastKeyId);
  if (newer) return newer;
  throw new Error(`AUDIT_KEY: another process seals under ${lastKeyId}, which this one does not have`);
}

/**
 * Seals each second and logs every seal: somebody who cuts rows off the end of the table can't cut them off the log.
 * `stop` seals what waits, so that a process leaves nothing behind.
 */
export function startAuditSealer(options: SealingOptions & { log: Log; everyMs?: number }): AuditSealer {
  const { log, platform, everyMs = sealEveryMs } = options;
  /** While PostgreSQL is away, the fault is the same each second: it is said once. */
  let saidFault: string | undefined;
  const run = async () => {
    try {
      let seal = await sealAuditEvents(options);
      for (; seal; seal = await sealAuditEvents(options)) {
        log.info({ seal: formatSealReference(seal) }, 'audit rows sealed');
      }
      if (saidFault !== undefined) log.info({ platform }, 'audit rows can be sealed again');
      saidFault = undefined;
    } catch (err) {
      const fault = String(err);
      if (fault !== saidFault) log.error({ err, platform }, 'audit rows could not be sealed; they wait');
      saidFault = fault;
    }
  };
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= run().finally(() => {
      running = undefined;
    });
  }, everyMs).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await run();
    },
  };
}
