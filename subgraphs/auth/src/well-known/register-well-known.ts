import {
  authorizationServerMetadata,
  jwksMaxAgeSeconds,
  jwksPathOf,
  metadataPathOf,
} from '@signet/schema/contract';
import type { TrustedIssuer } from '@signet/session';
import type { FastifyInstance } from 'fastify';

/** Public keys (RFC 7517) and metadata (RFC 8414) of the platforms that this process holds. */
export function registerWellKnown(
  server: FastifyInstance,
  { issuerUrl, issuers }: { issuerUrl: string; issuers: readonly TrustedIssuer[] },
): void {
  const cacheControl = `public, max-age=${jwksMaxAgeSeconds}`;
  for (const { platform, keys } of issuers) {
    server.get(jwksPathOf(platform), async (_request, reply) =>
      reply.header('cache-control', cacheControl).send(await keys.readJwks()),
    );
    server.get(metadataPathOf(platform), async (_request, reply) =>
      reply.header('cache-control', cacheControl).send(authorizationServerMetadata(issuerUrl, platform)),
    );
  }
}
