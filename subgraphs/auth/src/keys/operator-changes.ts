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
  storeKey,
  withLockedKeys,
} from './change-keys.ts';
import { signsFrom } from './key-plan.ts';
import {
  findKeyState,
  listSigningKeys,
  retireKey,
  retireRevokedKey,
  type SigningKeyRow,
  schedulePromotion,
} from './signing-key.queries.ts';
import type { SigningKey } from './signing-key.ts';

export type RotateOptions = {
  /** The algorithm of the key that takes over; undefined: that of the waiting key. */
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

/** Lets the waiting key take over, and makes the next waiting key. */
export function rotateKey(
  db: Kysely<Database>,
  settings: KeySettings,
  { algorithm, mode }: RotateOptions,
): Promise<Rotation> {
  return withLockedKeys(db, settings, async (locked) => {
    await advanceKeys(locked); // So that one key signs and another waits.
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

/** `signs`: the key that signs in place of a revoked signing key; `early`: before every verifier has it. */
export type KeyRevocation =
  | { outcome: 'unknown' }
  | { outcome: 'revoked'; was: SigningKeyRow['state']; signs?: { kid: string; early: boolean } };

/**
 * From the commit on, verifiers refuse every token of this key. If the key signs, the waiting key takes over in the same
 * transaction. The revocation never expires: a holder of the private half can write any token.
 */
export function revokeKey(db: Kysely<Database>, settings: KeySettings, kid: string): Promise<KeyRevocation> {
  return withLockedKeys(db, settings, async (locked) => {
    const { trx, now } = locked;
    if ((await findKeyState(trx, settings.platform, kid)) === undefined) return { outcome: 'unknown' };
    const next = (await listSigningKeys(trx, settings.platform)).find(({ state }) => state === 'next');
    const { was, successor } = await retireRevokedKey(trx, settings.platform, { kid, now });
    // Makes a new waiting key, where that was revoked or signs now.
    const made = await advanceKeys(locked);
    if (was !== 'active') return { outcome: 'revoked', was };
    const signs = successor ?? made.find(({ state }) => state === 'active')?.kid;
    if (signs === undefined) throw new Error('No key was made in place of the revoked one.');
    const early = !next || signs !== next.kid || signsFrom(next, policyOf(settings)) > now;
    return { outcome: 'revoked', was, signs: { kid: signs, early } };
  });
}

/** `taken`: the key belongs, or belonged, to one of the two platforms, and cannot be imported again. */
export type KeyImport = { outcome: 'waits'; signsFrom: Date } | { outcome: 'taken' };

/** Publishes a key that was made elsewhere in place of the waiting key, which has never signed. A rotation lets it take over. */
export async function importKey(
  db: Kysely<Database>,
  settings: KeySettings,
  key: SigningKey,
): Promise<KeyImport> {
  try {
    return await withLockedKeys(db, settings, async (locked) => {
      if (await findKeyState(locked.trx, settings.platform, key.kid)) {
        return { outcome: 'taken' };
      }
      await advanceKeys(locked);
      const rows = await listSigningKeys(locked.trx, settings.platform);
      for (const { kid } of rows.filter(({ state }) => state === 'next')) {
        await retireKey(locked.trx, kid, locked.now);
      }
      await storeKey(locked, key, { state: 'next', imported: true });
      return { outcome: 'waits', signsFrom: signsFrom({ published_at: locked.now }, policyOf(settings)) };
    });
  } catch (error) {
    // unique_violation: this role cannot see the other platform's rows, but a kid is unique in the table.
    if ((error as { code?: unknown }).code === '23505') {
      return { outcome: 'taken' };
    }
    throw error;
  }
}
