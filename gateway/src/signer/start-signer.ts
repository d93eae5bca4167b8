import { readFile } from 'node:fs/promises';
import { openProofIdentity, type ProofIdentity } from '@signet/proof';
import {
  ConfigError,
  createHttpServer,
  createSampler,
  errorBody,
  type Logger,
  listen,
  openProcessMetrics,
  type ProcessMetrics,
  RefusalError,
  type RunningServer,
  subgraphBodyLimitBytes,
  subgraphHeaderLimitBytes,
} from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { type DocumentNode, parse } from 'graphql';
import { createClientAddressReader, createProxyCheck } from '../admission/client-address.ts';
import { type CallerCheck, createCallerCheck } from './caller-check.ts';
import { describeFetch } from './describe-fetch.ts';
import { createFetchPlaces, type FetchPlaces } from './fetch-places.ts';
import { mapRecipients } from './recipients.ts';
import { createSignedSender, type SignedSender } from './signed-sender.ts';
import type { SignerConfig } from './signer-config.ts';

/**
 * Starts a signer: it takes the fetches of a router of another make at `/<subgraph>`, signs each with the key of one entrance
 * (docs/proof.md), and sends it to the subgraph. It verifies no token and knows no rule; subgraphs do.
 *
 * @returns its URL.
 * @throws {ConfigError} for key files or a supergraph that cannot be used, a subgraph that peers.json lacks, or a port that is taken.
 */
export async function startSigner(config: SignerConfig, logger: Logger): Promise<RunningServer> {
  const supergraph = await readSupergraph(config.SUPERGRAPH_FILE);
  const identity = await openProofIdentity({
    name: `gateway-${config.SIGNER_ENTRANCE}`,
    keyFile: config.PROOF_KEY_FILE,
    peersFile: config.PROOF_PEERS_FILE,
    logger,
  });
  const senders = new Map<string, SignedSender>();
  let metrics: ProcessMetrics | undefined;
  const stop = async () => {
    identity.stop();
    await Promise.all([metrics?.stop(), ...[...senders.values()].map((sender) => sender.stop())]);
  };
  try {
    metrics = await openProcessMetrics(config, { logger });
    assertRecipientsKnown(config, identity);
    for (const [name, url] of config.SUBGRAPH_URLS) {
      const options = { signer: identity.signer, timeoutMs: config.REQUEST_TIMEOUT_MS, logger };
      senders.set(name, createSignedSender(name, url, options));
    }
    const server = createHttpServer({
      logger,
      allowedHosts: config.ALLOWED_HOSTS,
      bodyLimitBytes: subgraphBodyLimitBytes,
      headerLimitBytes: subgraphHeaderLimitBytes,
      drainMs: config.SHUTDOWN_DRAIN_MS,
      isPublic: true,
      readiness: [{ name: 'proof keys', check: () => undefined, findLack: identity.findLack }],
    });
    const places = createFetchPlaces(config.MAX_FETCHES);
    guardSigner(server, { isRouter: createCallerCheck(config.SIGNER_SECRET), places, logger });
    routeFetches(server, config, { senders, supergraph, places });
    server.addHook('onClose', stop);
    const url = await listen(server, { host: config.HOST, port: config.PORT });
    metrics?.addHealth('signer', server.health);
    logger.info(
      { url, entrance: config.SIGNER_ENTRANCE, subgraphs: [...senders.keys()] },
      'the signer listens',
    );
    return { url, stop: () => server.close() };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Before a body is read: whoever is not the router gets nothing, and the router not more than the signer can hold. */
function guardSigner(
  server: FastifyInstance,
  { isRouter, places, logger }: { isRouter: CallerCheck; places: FetchPlaces; logger: Logger },
): void {
  const strangers = createSampler<{ from: string | undefined }>(({ from }, times) =>
    logger.warn(
      { from, times },
      'requests were refused that do not come from the router: they lack SIGNER_SECRET',
    ),
  );
  server.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith('/health/')) return done();
    if (!isRouter(request.raw)) {
      strangers.add('stranger', { from: request.raw.socket.remoteAddress });
      return void reply.code(403).send(errorBody('This signer is for its router alone.', 'FORBIDDEN'));
    }
    if (!places.take(reply.raw)) return done(new RefusalError('service.unavailable'));
    done();
  });
  server.addHook('onClose', async () => strangers.stop());
}

type Fetching = {
  senders: ReadonlyMap<string, SignedSender>;
  supergraph: DocumentNode | undefined;
  places: FetchPlaces;
};

/** The bytes of a body are signed as they came: the subgraph reads them, and refuses what has two meanings. */
function routeFetches(
  server: FastifyInstance,
  config: SignerConfig,
  { senders, supergraph, places }: Fetching,
): void {
  const readClientAddress = createClientAddressReader(createProxyCheck(config.TRUSTED_PROXIES));
  const described = { entrance: config.SIGNER_ENTRANCE, readClientAddress };
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  for (const [subgraph, findRecipient] of mapRecipients([...senders.keys()], supergraph)) {
    const target = `/${subgraph}`;
    server.post(target, async (request, reply) => {
      // One spelling: no query, no absolute form.
      if (request.raw.url !== target || !hasBytes(request.body)) {
        return reply.code(400).send(errorBody(`Send fetches by POST to ${target}, as JSON.`, 'BAD_REQUEST'));
      }
      const fetch = describeFetch(request.raw, described);
      const sender = senders.get(findRecipient(request.body)) as SignedSender;
      const { headers, body } = await places.keep(reply.raw, sender.send(fetch, request.body));
      // A refusal by the subgraph has errors in its body. Routers read no body with another status than 200, and pass no status on.
      return reply.code(200).header('content-type', headers['content-type']).send(body);
    });
  }
}

function hasBytes(body: unknown): body is Buffer {
  return Buffer.isBuffer(body) && body.length > 0;
}

/** @throws {ConfigError} */
function assertRecipientsKnown({ SUBGRAPH_URLS }: SignerConfig, { signer }: ProofIdentity): void {
  const faults = SUBGRAPH_URLS.flatMap(([name]) => {
    try {
      signer.sign(name, { method: 'POST', path: '/', query: '', headers: probeHeaders, body: '' });
      return [];
    } catch (error) {
      return [`SUBGRAPH_URLS: ${(error as Error).message}`];
    }
  });
  if (faults.length > 0) throw new ConfigError(faults);
}

const probeHeaders = { 'content-type': 'application/json', 'signet-context': 'id="start"' };

/** @throws {ConfigError} */
async function readSupergraph(path: string | undefined): Promise<DocumentNode | undefined> {
  if (path === undefined) return undefined;
  try {
    return parse(await readFile(path, 'utf8'), { noLocation: true });
  } catch (error) {
    throw new ConfigError([
      `SUPERGRAPH_FILE: ${path} can't be read as GraphQL (${(error as Error).message})`,
    ]);
  }
}
