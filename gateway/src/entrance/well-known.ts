import {
  authorizationServerMetadata,
  jwksMaxAgeSeconds,
  jwksPathOf,
  metadataPathOf,
} from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { TrustedIssuer } from '@signet/session';
import type { FastifyInstance, FastifyReply } from 'fastify';

const cacheControl = `public, max-age=${jwksMaxAgeSeconds}`;

type WellKnownOptions = { issuerUrl: string; issuers: readonly TrustedIssuer[]; combined: boolean };

/**
 * Serves the public keys and the metadata of the platforms that an entrance admits, from the cache of the verifier, so
 * that auth need not be up. `combined` adds both key sets under one path, for tools that know one URL only.
 */
export function registerWellKnown(
  server: FastifyInstance,
  { issuerUrl, issuers, combined }: WellKnownOptions,
): void {
  for (const { platform, keys } of issuers) {
    server.get(jwksPathOf(platform), async (_request, reply) =>
      sendKeys(reply, (await keys.readJwks())?.keys),
    );
    server.get(metadataPathOf(platform), async (_request, reply) =>
      reply.header('cache-control', cacheControl).send(authorizationServerMetadata(issuerUrl, platform)),
    );
  }
  if (combined) {
    server.get('/.well-known/jwks.json', async (_request, reply) => {
      const sets = await Promise.all(issuers.map(({ keys }) => keys.readJwks()));
      return sendKeys(
        reply,
        sets.every((set) => set !== undefined) ? sets.flatMap((set) => set.keys) : undefined,
      );
    });
  }
}

function sendKeys(reply: FastifyReply, keys: readonly object[] | undefined) {
  if (!keys) {
    throw new RefusalError('auth.unavailable');
  }
  return reply.header('cache-control', cacheControl).send({ keys });
}
