import type { KeySource, VerificationKey } from '@signet/session';
import { type CryptoKey, importJWK } from 'jose';
import type { KeyRing, PublicKey } from './key-ring.ts';

/**
 * The process's own public keys, for its verifier and its JWKS route: auth asks nobody for them. Looked up anew each time,
 * so that a key which has left is gone at that moment.
 */
export function createLocalKeySource(ring: KeyRing): KeySource {
  const imported = new WeakMap<PublicKey, VerificationKey>();
  const findPublished = (kid: string) => ring.listPublished().find((key) => key.kid === kid);
  return {
    async findKey(kid) {
      const found = findPublished(kid);
      if (!found) {
        return 'unknown';
      }
      const { publicJwk, algorithm } = found;
      const key = imported.get(found) ?? {
        key: (await importJWK(publicJwk, algorithm)) as CryptoKey,
        algorithm,
      };
      imported.set(found, key);
      return key;
    },
    peekKey(kid) {
      const found = findPublished(kid);
      return found && imported.get(found);
    },
    // The ring hears of every change by itself.
    refetch: () => {},
    checkReady: () => ring.checkReady(),
    readJwks: async () => ({ keys: ring.listPublished().map(({ publicJwk }) => publicJwk) }),
  };
}
