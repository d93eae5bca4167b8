import type { Database } from '@signet/db';
import type { Kysely } from 'kysely';
import {
  advanceKeys,
  type KeyChange,
  type KeySettings,
  type LockedKeys,
  makeKey,
  policyOf,
  readTime,
} from './change-keys.ts';
import { planKeySteps } from './key-plan.ts';
import {
  listSigningKeys,
  lockSigningKeys,
  raiseTokenSeconds,
  readDatabaseTime,
  retireKey,
  type SigningKeyRow,
  tryLockSigningKeys,
  wakeSigners,
} from './signing-key.queries.ts';

export type ReadKeys = { rows: SigningKeyRow[]; readAt: Date; changes: KeyChange[] };

/**
 * At the start of a process: makes the keys that are missing, and makes the waiting key anew where another algorithm is
 * configured now. Replicas that start at once make one set between them. `check` sees the keys first, before any is changed.
 */
export function prepareSigningKeys(
  db: Kysely<Database>,
  settings: KeySettings,
  check: (rows: readonly SigningKeyRow[]) => Promise<unknown>,
): Promise<ReadKeys> {
  return db.transaction().execute(async (trx) => {
    await lockSigningKeys(trx, settings.platform);
    await check(await listSigningKeys(trx, settings.platform));
    const locked: LockedKeys = { trx, settings, now: await readTime(trx, settings) };
    const replaced = await replaceNextKey(locked);
    const changes = [...replaced, ...(await advanceKeys(locked))];
    await raiseTokenSeconds(trx, settings.platform, settings.tokenSeconds);
    return { rows: await listSigningKeys(trx, settings.platform), readAt: locked.now, changes };
  });
}

/** While a process runs: reads the keys, and does what is due unless another replica is doing it. */
export async function readSigningKeys(db: Kysely<Database>, settings: KeySettings): Promise<ReadKeys> {
  const { platform, timing } = settings;
  const rows = await listSigningKeys(db, platform);
  const readAt = timing.now ? timing.now() : await readDatabaseTime(db);
  if (planKeySteps(rows, policyOf(settings), readAt).length === 0) {
    return { rows, readAt, changes: [] };
  }
  return db.transaction().execute(async (trx) => {
    const isMine = await tryLockSigningKeys(trx, platform);
    const now = await readTime(trx, settings);
    const changes = isMine ? await advanceKeys({ trx, settings, now }) : [];
    return { rows: await listSigningKeys(trx, platform), readAt: now, changes };
  });
}

/** The algorithm of the configuration is that of the next key. One that an operator imported is left alone. */
async function replaceNextKey(locked: LockedKeys): Promise<KeyChange[]> {
  const { trx, settings, now } = locked;
  const rows = await listSigningKeys(trx, settings.platform);
  const next = rows.find(({ state }) => state === 'next');
  const algorithm = settings.signingAlgorithm;
  if (!next || next.imported || !algorithm || next.algorithm === algorithm) {
    return [];
  }
  // It has never signed, so nobody misses it.
  await retireKey(trx, next.kid, now);
  const made = await makeKey(locked, 'next', algorithm);
  await wakeSigners(trx);
  return [{ kid: next.kid, state: 'retired' }, made];
}
