import { createHmac, hkdfSync } from 'node:crypto';
import { createPepper } from '@signet/db/password-hash';
import type { Platform } from '@signet/schema/contract';
import { openBytes, sealBytes } from '../keys/sealed-bytes.ts';

/** A value, and the id of the secret outside the database under which it was sealed or hashed. */
export type Sealed = { sealed: Buffer; pepperId: string };

/** Keeps what the database holds of second factors worthless without a secret that is kept elsewhere. */
export type FactorSecrets = {
  /** @param rowId bound to the result as additional data: moved to another row, it does not open. */
  seal(secret: Buffer, rowId: string): Sealed;
  /** @throws when no secret of this process sealed it, or it is another row's. */
  open(value: Sealed, rowId: string): Buffer;
  /** False for a value that should be sealed again: the secret is about to go. */
  isCurrent(pepperId: string): boolean;
  /** The hash to store of a recovery code of an account. */
  hashCode(code: string, accountId: string): { hash: Buffer; pepperId: string };
  /** Its hashes under every secret, to look it up by. */
  listHashes(code: string, accountId: string): Buffer[];
};

type Key = { id: string; seal: Buffer; hash: Buffer };

/**
 * AES-256-GCM and HMAC-SHA-256 under keys that HKDF-SHA-256 (RFC 5869) makes of each secret.
 *
 * @param secrets peppers of passwords, 32 bytes each: the first seals and hashes, all open, so that a rotation loses no factor. A row
 * names its secret in `pepper_id`: one that no row names any more can go.
 */
export function createFactorSecrets(secrets: readonly Uint8Array[], platform: Platform): FactorSecrets {
  const derive = (secret: Uint8Array, purpose: string) =>
    Buffer.from(hkdfSync('sha256', secret, '', `signet ${purpose} ${platform}`, 32));
  const keys = secrets.map((secret) => ({
    id: createPepper(secret).id,
    seal: derive(secret, 'totp'),
    hash: derive(secret, 'recovery code'),
  }));
  const [first] = keys;
  if (!first) throw new TypeError('Second factors need a secret.');
  return {
    seal: (secret, rowId) => ({
      sealed: sealBytes(secret, Buffer.from(rowId), first.seal),
      pepperId: first.id,
    }),
    open({ sealed, pepperId }, rowId) {
      const key = keys.find(({ id }) => id === pepperId);
      if (!key)
        throw new Error(`The secret of a second factor is sealed under another pepper (${pepperId}).`);
      const opened = openBytes(sealed, Buffer.from(rowId), [key.seal]);
      if (!opened)
        throw new Error('The secret of a second factor does not open: it, or its row, was changed.');
      return opened.content;
    },
    isCurrent: (pepperId) => pepperId === first.id,
    hashCode: (code, accountId) => ({ hash: hashWith(first, code, accountId), pepperId: first.id }),
    listHashes: (code, accountId) => keys.map((key) => hashWith(key, code, accountId)),
  };
}

function hashWith({ hash }: Key, code: string, accountId: string): Buffer {
  return createHmac('sha256', hash).update(`${accountId} ${code}`).digest();
}
