import type { KeySource } from '@signet/session';
import { type CryptoKey, importJWK } from 'jose';
import type { KeyRing, PublicKey } from './key-ring.ts';

/**
 * The process's own public keys, for its verifier and its JWKS route: auth asks nobody for them. Looked up anew each time,
 * so that a key which has left is gone at that moment.
 */
export function createLocalKeySource(ring: KeyRing): KeySource {
  const imported = new WeakMap<PublicKey, Promise<CryptoKey>>();
  const importOnce = (key: PublicKey) => {
    const known = imported.get(key) ?? (importJWK(key.publicJwk, key.algorithm) as Promise<CryptoKey>);
    imported.set(key, known);
    return known;
  };
  return {
    async findKey(kid) {
      const found = ring.listPublished().find((key) => key.kid === kid);
      return found ? { key: await importOnce(found), algorithm: found.algorithm } : 'unknown';
    },
    checkReady: () => ring.checkReady(),
    readJwks: async () => ({ keys: ring.listPublished().map(({ publicJwk }) => publicJwk) }),
  };
}
