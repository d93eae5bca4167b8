import { createFaultLog } from '@signet/flow';
import type { Platform } from '@signet/schema/contract';
import type { Kysely, Transaction } from 'kysely';
import type { AuditSealTable, Database } from '../tables.ts';
import { type AuditKeys, auditKeyId } from './audit-keys.ts';
import {
  demandVerification,
  findLastSeal,
  hasSealed,
  insertSeal,
  isSealThere,
  takePending,
  tryLockSealing,
} from './audit-seals.queries.ts';
import { computeSealMac, formatSealReference, type SealReference } from './audit-seals.ts';
import { isSealChanged } from './verify-audit-log.ts';

type Log = { info(fields: object, message: string): void; error(fields: object, message: string): void };
type SealingOptions = {
  db: Kysely<Database>;
  platform: Platform;
  keys: AuditKeys;
  /** Rows that one seal covers at most. */
  batchSize?: number;
  now?: () => Date;
  /** The last seal that this process made. It must be there as it was. */
  known?: SealReference | undefined;
  /** Called where the end of the chain is not as it was sealed. The whole of it is verified within seconds then. */
  onFaults?: (faults: readonly string[]) => void;
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
    await checkEnd(trx, options, last);
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
 * What the sealer can see as it goes, at the price of one more look-up: whether the end on which it builds is the one that was made. A row changed in
 * an older seal shows at the next verification.
 */
async function checkEnd(
  trx: Transaction<Database>,
  { platform, keys, known, onFaults }: SealingOptions,
  last: AuditSealTable | undefined,
): Promise<void> {
  const missed = known && !(await isSealThere(trx, known)) ? known : undefined;
  const faults = [
    ...(missed ? [`${platform} seal ${missed.number}, made by this process, is gone or another one`] : []),
    ...(last && isSealChanged(last, keys)
      ? [`${platform} seal ${last.number}, the last one, was changed`]
      : []),
  ];
  if (faults.length === 0) return;
  await demandVerification(trx, platform, missed);
  onFaults?.(faults);
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
  let known: SealReference | undefined;
  const onFaults = (faults: readonly string[]) =>
    log.error(
      { platform, faults },
      'the end of the audit log is not as it was sealed: all of it is verified',
    );
  const seal = () => sealAuditEvents({ ...options, known, onFaults });
  const faultLog = createFaultLog({
    failing: (err) => log.error({ err, platform }, 'audit rows could not be sealed; they wait'),
    working: () => log.info({ platform }, 'audit rows can be sealed again'),
  });
  const run = async () => {
    try {
      for (let made = await seal(); made; made = await seal()) {
        known = made;
        log.info({ seal: formatSealReference(made) }, 'audit rows sealed');
      }
      faultLog.worked();
    } catch (err) {
      faultLog.failed(err);
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
