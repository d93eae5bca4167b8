import { createHash, createHmac } from 'node:crypto';
import bcrypt from 'bcryptjs';

/** A secret of the installation that goes into every hash: a stolen table alone cannot be guessed at. */
export type Pepper = { id: string; key: Uint8Array };
export type PasswordHash = { hash: string; pepperId: string };

/** In characters (code points). */
export const passwordLength = { min: 12, max: 128 } as const;
/** bcrypt's, of every password that is stored. */
export const passwordHashCost = 12;

/** The id tells by which pepper a hash was made, so that it can be changed; nothing of the key follows from it. */
export function createPepper(key: Uint8Array): Pepper {
  if (key.length !== 32) throw new Error('The password pepper must be 32 bytes.');
  return { id: createHash('sha256').update('signet pepper id').update(key).digest('hex').slice(0, 16), key };
}

export function hasValidPasswordLength(password: string): boolean {
  const { length } = [...password];
  return length >= passwordLength.min && length <= passwordLength.max;
}

/** Takes 0.35 s of CPU and blocks: in a server, call it in a worker thread. Only tests ask for another cost. */
export function hashPassword(password: string, pepper: Pepper, cost = passwordHashCost): PasswordHash {
  return { hash: bcrypt.hashSync(withPepper(password, pepper), cost), pepperId: pepper.id };
}

/** As slow as hashPassword, whatever the answer. The pepper is the one that the hash's `pepperId` names. */
export function verifyPassword(password: string, hash: string, pepper: Pepper): boolean {
  return bcrypt.compareSync(withPepper(password, pepper), hash);
}

/** bcrypt reads 72 bytes and stops at a NUL: it gets 44 characters of base64. NFKC: one password on every keyboard. */
function withPepper(password: string, pepper: Pepper): string {
  return createHmac('sha256', pepper.key).update(password.normalize('NFKC')).digest('base64');
}
