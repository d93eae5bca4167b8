import {
  authorizationServerMetadata,
  type ClientMethods,
  jwksMaxAgeSeconds,
  jwksPathOf,
  metadataPathOf,
} from '@signet/schema/contract';
import { isLoopback, RefusalError } from '@signet/service';
import type { TrustedIssuer } from '@signet/session';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { GatewayConfig } from '../config.ts';

const cacheControl = `public, max-age=${jwksMaxAgeSeconds}`;

type WellKnownOptions = {
  issuerUrl: string;
  /** Base of the URL of the keys, as verifiers elsewhere reach it. */
  keysUrl: string;
  issuers: readonly TrustedIssuer[];
  combined: boolean;
  /** How clients authenticate at the OAuth routes; undefined where there are none. */
  clients: ClientMethods | undefined;
};

/**
 * Serves the public keys and the metadata of the platforms that an entrance admits, from the cache of the verifier, so
 * that auth need not be up. `combined` adds both key sets under one path, for tools that know one URL only.
 */
export function registerWellKnown(
  server: FastifyInstance,
  { issuerUrl, keysUrl, issuers, combined, clients }: WellKnownOptions,
): void {
  for (const { platform, keys } of issuers) {
    server.get(jwksPathOf(platform), async (_request, reply) =>
      sendKeys(reply, (await keys.readJwks())?.keys),
    );
    server.get(metadataPathOf(platform), async (_request, reply) =>
      reply
        .header('cache-control', cacheControl)
        .send(authorizationServerMetadata({ issuerUrl, platform, keysUrl, clients })),
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

/**
 * Where the keys of an entrance are reached: under ISSUER_URL, where a proxy answers, or the entrance `graph`. On a single machine without
 * both (docker-compose.yml as it is) nobody answers there: then at the entrance's own port.
 */
export function keysUrlOf(
  { ISSUER_URL, ENTRANCES }: Pick<GatewayConfig, 'ENTRANCES'> & { ISSUER_URL: string },
  port: number,
): string {
  const url = new URL(ISSUER_URL);
  // The entrances speak http: behind https there is a proxy, also on this machine.
  const isLocal = url.protocol === 'http:' && isLoopback(url.hostname);
  if (!isLocal || ENTRANCES === undefined || ENTRANCES.includes('graph')) return ISSUER_URL;
  url.port = String(port);
  return url.origin;
}

function sendKeys(reply: FastifyReply, keys: readonly object[] | undefined) {
  if (!keys) {
    throw new RefusalError('auth.unavailable');
  }
  return reply.header('cache-control', cacheControl).send({ keys });
}
