import { createHash, createHmac, randomBytes } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { type Argon2, formatArgon2, isHashOf, parseStoredHash } from './stored-hash.ts';

/** A secret of the installation that goes into every hash: a stolen table alone cannot be guessed at. */
export type Pepper = { id: string; key: Uint8Array };
/** What is stored of a password. `pepperId` is `none` where the hash was made elsewhere. */
export type PasswordHash = { hash: string; pepperId: string };
/** How new hashes are made. */
export type PasswordScheme = { algorithm: 'bcrypt'; cost: number } | (Argon2 & { algorithm: 'argon2id' });

/** In characters (code points). */
export const passwordLength = { min: 12, max: 128 } as const;
/** bcrypt's, of every password that is stored. */
export const passwordHashCost = 12;
/** The pepper of a hash that was imported, and so of none of ours. */
export const noPepperId = 'none';

export const passwordAlgorithms = ['bcrypt', 'argon2id'] as const;
export type PasswordAlgorithm = (typeof passwordAlgorithms)[number];

/** Argon2id's are the least that OWASP's Password Storage Cheat Sheet takes: 19 MiB, two passes, one lane. */
export const passwordSchemes = {
  bcrypt: { algorithm: 'bcrypt', cost: passwordHashCost },
  argon2id: { algorithm: 'argon2id', memory: 19_456, passes: 2, parallelism: 1 },
} as const satisfies Record<PasswordAlgorithm, PasswordScheme>;

/** The id tells by which pepper a hash was made, so that it can be changed; nothing of the key follows from it. */
export function createPepper(key: Uint8Array): Pepper {
  if (key.length !== 32) throw new Error('The password pepper must be 32 bytes.');
  return { id: createHash('sha256').update('signet pepper id').update(key).digest('hex').slice(0, 16), key };
}

/** The peppers of a list of keys. The first goes into new hashes. */
export function createPeppers<K extends readonly [Uint8Array, ...Uint8Array[]]>(
  keys: K,
): readonly [Pepper, ...Pepper[]] {
  const [first, ...others] = keys;
  return [createPepper(first), ...others.map(createPepper)];
}

export function hasValidPasswordLength(password: string): boolean {
  const { length } = [...password];
  return length >= passwordLength.min && length <= passwordLength.max;
}

/** bcrypt takes 0.36 s of CPU and Argon2id 0.06 s, and it blocks: in a server, call it in a worker thread. */
export function hashPassword(
  password: string,
  pepper: Pepper,
  scheme: PasswordScheme = passwordSchemes.bcrypt,
): PasswordHash {
  const text = withPepper(password, pepper);
  const hash =
    scheme.algorithm === 'bcrypt'
      ? bcrypt.hashSync(text, scheme.cost)
      : formatArgon2(text, scheme, randomBytes(16));
  return { hash, pepperId: pepper.id };
}

/**
 * Takes as long as the hash was made to take, whatever the answer. False for a hash that is of no form of `parseStoredHash`.
 *
 * @param pepper the one that the hash's `pepperId` names; undefined for an imported hash, which was made of the password as typed.
 */
export function verifyPassword(password: string, hash: string, pepper: Pepper | undefined): boolean {
  const stored = parseStoredHash(hash);
  if (typeof stored === 'string') return false;
  return isHashOf(pepper ? withPepper(password, pepper) : password, hash, stored);
}

/**
 * The scheme by which a stored hash is to be made anew; undefined where it is as it should be. Where the algorithm stays, no parameter gets
 * lower, but for an imported hash: one that stayed dearer than all others would tell by its time that there is such an account.
 */
export function findBetterScheme(
  { hash, pepperId }: PasswordHash,
  pepper: Pepper,
  scheme: PasswordScheme,
): PasswordScheme | undefined {
  const raised = pepperId === noPepperId ? scheme : raise(scheme, hash);
  return pepperId === pepper.id && isOfScheme(hash, raised) ? undefined : raised;
}

/** Whether a hash has this algorithm with these parameters, and so takes as long as any other of the scheme. */
export function isOfScheme(hash: string, scheme: PasswordScheme): boolean {
  const stored = parseStoredHash(hash);
  if (typeof stored === 'string') return false;
  if (stored.algorithm === 'bcrypt') return scheme.algorithm === 'bcrypt' && stored.cost === scheme.cost;
  return (
    stored.algorithm === 'argon2id' &&
    scheme.algorithm === 'argon2id' &&
    stored.memory === scheme.memory &&
    stored.passes === scheme.passes &&
    stored.parallelism === scheme.parallelism
  );
}

function raise(scheme: PasswordScheme, hash: string): PasswordScheme {
  const stored = parseStoredHash(hash);
  if (typeof stored === 'string') return scheme;
  if (scheme.algorithm === 'bcrypt') {
    return stored.algorithm === 'bcrypt' ? { ...scheme, cost: Math.max(scheme.cost, stored.cost) } : scheme;
  }
  if (stored.algorithm !== 'argon2id') return scheme;
  return {
    ...scheme,
    memory: Math.max(scheme.memory, stored.memory),
    passes: Math.max(scheme.passes, stored.passes),
  };
}

/** bcrypt reads 72 bytes and stops at a NUL: it gets 44 characters of base64. NFKC: one password on every keyboard. */
function withPepper(password: string, pepper: Pepper): string {
  return createHmac('sha256', pepper.key).update(password.normalize('NFKC')).digest('base64');
}
