import type { KeySource } from '@signet/session';
import { type CryptoKey, importJWK } from 'jose';
import type { SigningKey } from './signing-key.ts';

/** The process's own public keys, for its verifier and its JWKS route: auth asks nobody for them. */
export async function createLocalKeySource(published: readonly SigningKey[]): Promise<KeySource> {
  const keys = new Map(
    await Promise.all(
      published.map(async ({ kid, algorithm, publicJwk }) => {
        const key = (await importJWK(publicJwk, algorithm)) as CryptoKey;
        return [kid, { key, algorithm }] as const;
      }),
    ),
  );
  const jwks = { keys: published.map(({ publicJwk }) => publicJwk) };
  return {
    findKey: async (kid) => keys.get(kid) ?? 'unknown',
    checkReady: async () => undefined,
    readJwks: async () => jwks,
  };
}
