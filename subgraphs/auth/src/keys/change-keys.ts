import type { Database } from '@signet/db';
import type { SigningAlgorithm } from '@signet/schema/contract';
import type { Kysely, Transaction } from 'kysely';
import { graceSeconds, type KeyPolicy, type KeyStep, type KeyTiming, planKeySteps } from './key-plan.ts';
import { createKeyOpener, type KeySeal, sealPrivateKey } from './sealed-key.ts';
import {
  activateKey,
  demoteKey,
  insertSigningKey,
  listSigningKeys,
  lockSigningKeys,
  raiseTokenSeconds,
  readDatabaseTime,
  retireKey,
  type SigningKeyRow,
  wakeSigners,
} from './signing-key.queries.ts';
import { exportPkcs8, generateSigningKey, type SigningKey } from './signing-key.ts';

/** The part of a platform's configuration that concerns its keys. */
export type KeySettings = KeySeal & {
  timing: KeyTiming;
  rotationSeconds: number;
  /** How long the tokens live that this process signs. */
  tokenSeconds: number;
  /** For keys that are made from now on; undefined: the algorithm of the key in use. */
  signingAlgorithm: SigningAlgorithm | undefined;
};

export type KeyChange = { kid: string; state: SigningKeyRow['state'] };

/** A platform's keys while their lock is held: only with this may they be changed. */
export type LockedKeys = { trx: Transaction<Database>; settings: KeySettings; now: Date };

export async function readTime(trx: Transaction<Database>, { timing }: KeySettings): Promise<Date> {
  return timing.now ? timing.now() : await readDatabaseTime(trx);
}

export function policyOf({ timing, rotationSeconds }: KeySettings): KeyPolicy {
  return { publicationSeconds: timing.publicationSeconds, rotationSeconds };
}

/**
 * One operator's change of a platform's keys, in a transaction that excludes all other changes. Refused where the
 * key-encryption key is not the one in use: a key that is sealed with another would stop every auth process.
 *
 * @throws {ConfigError} for such a key-encryption key.
 */
export function withLockedKeys<T>(
  db: Kysely<Database>,
  settings: KeySettings,
  change: (locked: LockedKeys) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await lockSigningKeys(trx, settings.platform);
    await createKeyOpener(settings)(await listSigningKeys(trx, settings.platform));
    await raiseTokenSeconds(trx, settings.platform, settings.tokenSeconds);
    const result = await change({ trx, settings, now: await readTime(trx, settings) });
    await wakeSigners(trx);
    return result;
  });
}

/** Carries out the steps that are due, and returns what it did. Afterwards one key signs and another waits. */
export async function advanceKeys(locked: LockedKeys): Promise<KeyChange[]> {
  const { trx, settings, now } = locked;
  const rows = await listSigningKeys(trx, settings.platform);
  const changes: KeyChange[] = [];
  for (const step of planKeySteps(rows, policyOf(settings), now)) {
    changes.push(...(await takeStep(locked, step, rows)));
  }
  if (changes.length > 0) {
    await wakeSigners(trx);
  }
  return changes;
}

async function takeStep(
  locked: LockedKeys,
  step: KeyStep,
  rows: readonly SigningKeyRow[],
): Promise<KeyChange[]> {
  switch (step.do) {
    case 'retire':
      await retireKey(locked.trx, step.kid, locked.now);
      return [{ kid: step.kid, state: 'retired' }];
    case 'promote':
      return promoteKey(locked, step.kid, step.replacing);
    case 'make':
      return [await makeKey(locked, step.state, await algorithmOf(locked, rows))];
  }
}

export async function promoteKey(
  { trx, settings, now }: LockedKeys,
  kid: string,
  replacing: string | undefined,
): Promise<KeyChange[]> {
  // The old one first: the database allows one active key.
  if (replacing !== undefined) {
    await demoteKey(trx, replacing, now, graceSeconds(settings.timing));
  }
  await activateKey(trx, kid, now);
  const old: KeyChange[] = replacing === undefined ? [] : [{ kid: replacing, state: 'retiring' }];
  return [...old, { kid, state: 'active' }];
}

/** Makes a key pair and stores it. */
export async function makeKey(
  locked: LockedKeys,
  state: 'active' | 'next',
  algorithm: SigningAlgorithm,
): Promise<KeyChange> {
  return storeKey(locked, await generateSigningKey(algorithm), { state, imported: false });
}

/** Seals a key pair and stores it, published as of now. */
export async function storeKey(
  { trx, settings, now }: LockedKeys,
  key: SigningKey,
  { state, imported }: { state: 'active' | 'next'; imported: boolean },
): Promise<KeyChange> {
  const label = { platform: settings.platform, kid: key.kid, algorithm: key.algorithm };
  await insertSigningKey(trx, {
    ...label,
    sealed_private_key: sealPrivateKey(exportPkcs8(key), label, settings.keyEncryptionKeys[0]),
    state,
    imported,
    published_at: now,
    activated_at: state === 'active' ? now : null,
    token_seconds: settings.tokenSeconds,
  });
  return { kid: key.kid, state };
}

async function algorithmOf(
  { settings }: LockedKeys,
  rows: readonly SigningKeyRow[],
): Promise<SigningAlgorithm> {
  // `rows` were read before any promotion: the key that waited then signs now.
  const inUse = rows.find(({ state }) => state === 'next') ?? rows.find(({ state }) => state === 'active');
  return settings.signingAlgorithm ?? inUse?.algorithm ?? 'EdDSA';
}
