import {
  authorizationServerMetadata,
  type ClientMethods,
  jwksMaxAgeSeconds,
  jwksPathOf,
  metadataPathOf,
} from '@signet/schema/contract';
import type { KeySource, TrustedIssuer, VerificationKey } from '@signet/session';
import type { FastifyInstance } from 'fastify';
import { type CryptoKey, importJWK } from 'jose';
import type { KeyRing } from './key-ring.ts';
import type { PublicKey } from './signing-key.ts';

/**
 * The process's own public keys, for its verifier and its JWKS route. Looked up again each time, so that a key that was
 * removed is refused at once.
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
        thumbprint: kid,
      };
      imported.set(found, key);
      return key;
    },
    peekKey(kid) {
      const found = findPublished(kid);
      return found && imported.get(found);
    },
    // The ring reads every change by itself.
    refetch: () => {},
    checkReady: () => ring.checkReady(),
    readJwks: async () => ({ keys: ring.listPublished().map(({ publicJwk }) => publicJwk) }),
  };
}

/** Public keys (RFC 7517) and metadata (RFC 8414) of the platforms that this process holds. */
export function registerWellKnown(
  server: FastifyInstance,
  {
    issuerUrl,
    issuers,
    clients,
  }: { issuerUrl: string; issuers: readonly TrustedIssuer[]; clients: ClientMethods },
): void {
  const cacheControl = `public, max-age=${jwksMaxAgeSeconds}`;
  for (const { platform, keys } of issuers) {
    server.get(jwksPathOf(platform), async (_request, reply) =>
      reply.header('cache-control', cacheControl).send(await keys.readJwks()),
    );
    server.get(metadataPathOf(platform), async (_request, reply) =>
      reply
        .header('cache-control', cacheControl)
        .send(authorizationServerMetadata({ issuerUrl, platform, clients })),
    );
  }
}
