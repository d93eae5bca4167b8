import type { Database } from '@signet/db';
import type { SigningAlgorithm } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import {
  advanceKeys,
  type KeySettings,
  type LockedKeys,
  makeKey,
  policyOf,
  promoteKey,
} from './change-keys.ts';
import { signsFrom } from './key-plan.ts';
import { listSigningKeys, retireKey, type SigningKeyRow, schedulePromotion } from './signing-key.queries.ts';
import { withLockedKeys } from './with-locked-keys.ts';

export type RotateOptions = {
  /** Of the key that takes over; undefined: whichever waits. */
  algorithm?: SigningAlgorithm | undefined;
  /**
   * `when-published`: at once if the waiting key has been published long enough, else as soon as it has been. `now`: at once
   * or not at all. `emergency`: at once.
   */
  mode: 'when-published' | 'now' | 'emergency';
};

/** `early`: the key signs before every verifier has it. */
export type Rotation =
  | { outcome: 'promoted'; kid: string; previous: string; early: boolean; leavesAt: Date | null }
  | { outcome: 'scheduled'; kid: string; at: Date }
  | { outcome: 'refused'; kid: string; at: Date };

/** Lets the waiting key take over, and makes the one that waits after it. */
export function rotateKey(
  db: Kysely<Database>,
  settings: KeySettings,
  { algorithm, mode }: RotateOptions,
): Promise<Rotation> {
  return withLockedKeys(db, settings, async (locked) => {
    await advanceKeys(locked); // So that a key signs and another waits.
    const { active, next } = await getNextKey(locked, algorithm);
    const at = signsFrom(next, policyOf(settings));
    const early = at > locked.now;
    if (early && mode !== 'emergency') {
      if (mode === 'when-published') {
        await schedulePromotion(locked.trx, next.kid, at);
      }
      return { outcome: mode === 'now' ? 'refused' : 'scheduled', kid: next.kid, at };
    }
    await promoteKey(locked, next.kid, active.kid);
    await advanceKeys(locked);
    const rows = await listSigningKeys(locked.trx, settings.platform);
    const leavesAt = rows.find(({ kid }) => kid === active.kid)?.retire_at ?? null;
    return { outcome: 'promoted', kid: next.kid, previous: active.kid, early, leavesAt };
  });
}

async function getNextKey(
  locked: LockedKeys,
  algorithm: SigningAlgorithm | undefined,
): Promise<{ active: SigningKeyRow; next: SigningKeyRow }> {
  const { active, next } = await findPair(locked);
  if (algorithm === undefined || next.algorithm === algorithm) {
    return { active, next };
  }
  await retireKey(locked.trx, next.kid, locked.now);
  await makeKey(locked, 'next', algorithm);
  return findPair(locked);
}

async function findPair({ trx, settings }: LockedKeys) {
  const rows = await listSigningKeys(trx, settings.platform);
  const active = rows.find(({ state }) => state === 'active');
  const next = rows.find(({ state }) => state === 'next');
  if (!active || !next) {
    throw new Error(`The keys of '${settings.platform}' are incomplete after they were completed.`);
  }
  return { active, next };
}
