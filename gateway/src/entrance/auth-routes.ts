import type { Platform } from '@signet/schema/contract';
import { hasProductionSurface, type Logger } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import type { Admission } from '../admission/admission.ts';
import type { ClientAddressReader } from '../admission/client-address.ts';
import type { GatewayConfig } from '../config.ts';
import { requiresProof } from '../config-proof.ts';
import { registerMailboxPages } from '../pages/mailbox.ts';
import { openEntranceProof } from '../subgraphs/entrance-proof.ts';
import type { EntranceGraph } from './entrance-graph.ts';
import type { Entrance } from './entrances.ts';
import { registerOauthRoutes } from './oauth-routes.ts';

type AuthRoutesOptions = {
  config: GatewayConfig;
  logger: Logger;
  admission: Pick<Admission, 'run'>;
  readClientAddress: ClientAddressReader;
  mounted(): Pick<EntranceGraph, 'recordRefused'> | undefined;
};

/**
 * What an entrance of the platform's own passes on to auth beside fetches of the graph: the OAuth routes of the platforms that it admits,
 * and in development, at `graph`, the mailbox. Auth answers proven requests only, so without proofs there is neither; nor is there before
 * another supergraph, whose issuers are others.
 *
 * @throws {ConfigError} that names the file and field of a proof key
 */
export async function registerAuthRoutes(
  server: FastifyInstance,
  entrance: Entrance,
  { config, logger, admission, readClientAddress, mounted }: AuthRoutesOptions,
): Promise<void> {
  const authUrls = findAuthUrls(config);
  if (!authUrls) return;
  const proof = await openEntranceProof(entrance, config, logger);
  server.addHook('onClose', async () => proof.stop());
  const sign = proof.signerFor('auth');
  if (!sign) return;
  const { kind, platforms } = entrance;
  const ask = { entrance: kind, authUrls, sign, logger };
  await registerOauthRoutes(server, {
    ...ask,
    platforms,
    admission,
    readClientAddress,
    tenantsByHost: new Map(config.TENANT_HOSTS.map((pair) => pair.split('=', 2) as [string, string])),
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    recordRefused: (request, status, oauth) => mounted()?.recordRefused(request, [], status, oauth),
  });
  if (kind === 'graph' && !hasProductionSurface(config)) registerMailboxPages(server, ask);
}

/** Where auth answers what is passed on beside the graph; undefined where nothing is. */
export function findAuthUrls(config: GatewayConfig): Readonly<Record<Platform, string>> | undefined {
  const { AUTH_USER_URL: user, AUTH_PORTAL_URL: portal = user, SUPERGRAPH_FILE, entranceNames } = config;
  const isOwn = SUPERGRAPH_FILE === undefined && entranceNames === undefined && requiresProof(config);
  return isOwn && user !== undefined && portal !== undefined ? { user, portal } : undefined;
}
