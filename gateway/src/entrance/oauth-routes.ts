import type { IncomingMessage } from 'node:http';
import {
  cookiePrefixOf,
  formType,
  listOauthPaths,
  maxFormBytes,
  type OauthAnswer,
  type OauthQuestion,
  type OauthRouteName,
  oauthAnswerHeaders,
  oauthError,
  oauthPath,
  type Platform,
  platforms,
  providerForm,
} from '@signet/schema/contract';
import {
  decodeUtf8,
  type Logger,
  RefusalError,
  readAuthorization,
  signetContextHeader,
  withTimeout,
} from '@signet/service';
import { traceHeaders } from '@signet/telemetry/tracing';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../admission/admission.ts';
import { type ClientAddressReader, networkOf } from '../admission/client-address.ts';
import { createFetchTurns, type FetchTurns, NoTurnError } from '../execute/fetch-turns.ts';
import { describeOauthFault, type RefusedOauth, readRefusedAnswer } from '../refusals/refused-oauth.ts';
import type { FetchMessage, FetchSigner } from '../subgraphs/entrance-proof.ts';
import {
  connectToSubgraph,
  connections as placesOfConnection,
  type SubgraphConnection,
} from '../subgraphs/subgraph-connection.ts';
import { telemetryOf } from '../telemetry/request-telemetry.ts';
import { describeRequest } from './request-context.ts';

export type OauthRoutesOptions = {
  entrance: string;
  /** Those that the entrance admits. Other platforms have no routes here. */
  platforms: readonly Platform[];
  /** The URLs of auth, as fetches use them: the signer chooses the recipient by it. */
  authUrls: Readonly<Record<Platform, string>>;
  sign: FetchSigner;
  admission: Pick<Admission, 'run'>;
  readClientAddress: ClientAddressReader;
  /** The tenant of a request by its host, in lower case. */
  tenantsByHost: ReadonlyMap<string, string>;
  /** The time for a request. */
  timeoutMs: number;
  /** Records a request that was refused, for staff who ask why. */
  recordRefused: (request: IncomingMessage, status: number, refused: RefusedOauth) => void;
  logger: Logger;
};

/** Auth stops a little earlier than the gateway, so that its answer still arrives. */
const answerMarginMs = 100;
const maxCookieBytes = 8 * 1024;

/**
 * `/oauth/<platform>/…`: what partners' programs and identity providers ask of the issuer. The entrance knows nothing of it but the list of
 * paths: each request goes to the auth process of its platform as one signed question, in a place of the entrance's budget, and the answer
 * comes back with the headers of a fixed list.
 */
export async function registerOauthRoutes(
  server: FastifyInstance,
  options: OauthRoutesOptions,
): Promise<void> {
  const connections = connectToAuth(options);
  server.addHook('onClose', async () => {
    await Promise.all([...new Set(Object.values(connections))].map(({ connection }) => connection.stop()));
  });
  // In a scope of its own: forms are read here alone, and faults have the form of RFC 6749.
  await server.register(async (scope) => {
    scope.addContentTypeParser(formType, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.addHook('onRequest', ({ raw }, _reply, done) => {
      const telemetry = telemetryOf(raw);
      if (telemetry) {
        telemetry.kind = 'oauth';
        telemetry.lane = 'oauth';
      }
      done();
    });
    for (const { platform, route, method, path } of listOauthPaths(options.platforms)) {
      scope.route({
        method,
        url: path.replace('{provider}', ':provider'),
        exposeHeadRoute: false,
        bodyLimit: maxFormBytes,
        config: { bodyType: formType },
        async handler(request, reply) {
          const question = readQuestion(request, platform, route);
          if (!question) return reply.callNotFound();
          const ask = () => askAuth(request, question, connections[platform], options);
          const answer = await options.admission.run(request, ask);
          const refused = readRefusedAnswer(answer);
          if (refused) options.recordRefused(request.raw, answer.status, { platform, route, ...refused });
          return send(reply, answer);
        },
        errorHandler(error, request, reply) {
          const answer = answerOf(error, options.logger);
          const refusal = describeOauthFault(error);
          options.recordRefused(request.raw, answer.status, { platform, route, refusal });
          return send(reply, answer);
        },
      });
    }
  });
}

/** Clients share the connection: one whose questions take long, since a provider is slow, leaves room for the next. */
type Shared = { connection: SubgraphConnection; turns: FetchTurns };

function connectToAuth({ authUrls, logger }: OauthRoutesOptions): Record<Platform, Shared> {
  const connect = (platform: Platform): Shared => {
    const turns = createFetchTurns(placesOfConnection);
    const onOutage = () => turns.dropWaiting();
    return { connection: connectToSubgraph(authUrls[platform], { name: 'auth', logger, onOutage }), turns };
  };
  const user = connect('user');
  return { user, portal: authUrls.portal === authUrls.user ? user : connect('portal') };
}

/**
 * Undefined for a provider that can have no such name.
 *
 * @throws {RefusalError} auth.failure.malformed for several Authorization headers
 */
function readQuestion(
  request: FastifyRequest,
  platform: Platform,
  route: OauthRouteName,
): OauthQuestion | undefined {
  const { provider } = request.params as { provider?: string };
  if (provider !== undefined && !providerForm.test(provider)) return undefined;
  const queryAt = request.url.indexOf('?');
  const authorization = readAuthorization(request.raw);
  const cookie = readOwnCookies(request.headers.cookie, platform);
  return {
    platform,
    route,
    ...(provider !== undefined && { provider }),
    ...(queryAt >= 0 && { query: request.url.slice(queryAt + 1) }),
    ...(Buffer.isBuffer(request.body) && { body: decodeForm(request.body) }),
    ...(authorization !== undefined && { authorization }),
    ...(request.headers.accept !== undefined && { accept: request.headers.accept }),
    ...(cookie !== '' && { cookie }),
  };
}

/** @throws {RefusalError} auth.failure.malformed for bytes that are not UTF-8 */
function decodeForm(bytes: Buffer): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new RefusalError('auth.failure.malformed', { text: 'Send the form in UTF-8.' });
  }
}

function readOwnCookies(header = '', platform: Platform): string {
  const prefix = cookiePrefixOf(platform);
  if (header.length > maxCookieBytes) return '';
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .join('; ');
}

/** @throws where auth gives no answer in time, or one that is none of its own */
async function askAuth(
  request: FastifyRequest,
  question: OauthQuestion,
  { connection, turns }: Shared,
  options: OauthRoutesOptions,
): Promise<OauthAnswer> {
  if (connection.circuit.isOpen()) throw new RefusalError('auth.unavailable');
  const caller =
    networkOf(options.readClientAddress(request.raw.socket.remoteAddress, request.headers)) ?? '';
  const { timeoutMs } = options;
  const askedAt = performance.now();
  return turns
    .run(caller, { timeoutMs }, () =>
      sendQuestion(request, question, connection, {
        ...options,
        timeoutMs: Math.ceil(timeoutMs - (performance.now() - askedAt)),
      }),
    )
    .catch((error: unknown) => {
      throw error instanceof NoTurnError ? new RefusalError('auth.unavailable', { cause: error }) : error;
    });
}

async function sendQuestion(
  request: FastifyRequest,
  question: OauthQuestion,
  connection: SubgraphConnection,
  { authUrls, sign, timeoutMs, ...options }: OauthRoutesOptions,
): Promise<OauthAnswer> {
  if (timeoutMs <= answerMarginMs) throw new RefusalError('auth.unavailable');
  const body = JSON.stringify(question);
  const context = withTimeout(describeClient(request, options), timeoutMs - answerMarginMs);
  const message: FetchMessage = {
    method: 'POST',
    path: oauthPath,
    query: '',
    headers: { 'content-type': 'application/json', [signetContextHeader]: context },
    body,
  };
  const span = telemetryOf(request.raw)?.span?.child('POST auth', 'client', {
    'http.request.method': 'POST',
  });
  const headers = [
    ...Object.entries({ ...message.headers, ...sign(message, authUrls[question.platform]) }).flat(),
    ...(span ? traceHeaders(span) : []),
  ];
  let answer: Awaited<ReturnType<SubgraphConnection['send']>>;
  try {
    answer = await connection.send({ path: oauthPath, headers, body }, timeoutMs);
    span?.set('http.response.status_code', answer.statusCode);
  } catch (error) {
    span?.fail(error instanceof Error ? error.name : 'error');
    connection.circuit.suspect();
    throw new RefusalError('auth.unavailable', { cause: error });
  } finally {
    span?.end();
  }
  if (answer.statusCode !== 200) {
    const cause = new Error(`auth answered ${answer.statusCode} to a question of OAuth`);
    options.logger.warn({ err: cause }, 'an OAuth request failed');
    throw new RefusalError('auth.unavailable', { cause });
  }
  return JSON.parse(answer.body.toString('utf8')) as OauthAnswer;
}

function describeClient(
  request: FastifyRequest,
  { readClientAddress, ...options }: Omit<OauthRoutesOptions, 'authUrls' | 'sign' | 'timeoutMs'>,
): string {
  const clientAddress = readClientAddress(request.raw.socket.remoteAddress, request.headers);
  return describeRequest(request, options, { clientAddress, hasToken: false, hasCookies: false });
}

function send(reply: FastifyReply, { status, headers, cookies = [], body }: OauthAnswer): FastifyReply {
  reply.code(status).header('cache-control', 'no-store');
  for (const name of oauthAnswerHeaders) {
    const value = headers[name];
    if (value !== undefined) reply.header(name, value);
  }
  const ours = cookies.filter((line) => platforms.some((one) => line.startsWith(cookiePrefixOf(one))));
  if (ours.length > 0) reply.header('set-cookie', ours);
  return reply.send(body);
}

/** What failed before auth was asked, or because it did not answer. */
function answerOf(error: unknown, logger: Logger): OauthAnswer {
  const { statusCode = 500 } = error as { statusCode?: number };
  if (error instanceof RefusalError && error.httpStatus === 503) {
    const seconds = String(error.retryAfterSeconds ?? 2);
    return oauthError(503, 'temporarily_unavailable', 'Try again later.', { 'retry-after': seconds });
  }
  if (error instanceof RefusalError) return oauthError(400, 'invalid_request', error.message);
  if (statusCode === 413) return oauthError(413, 'invalid_request', 'The body is too large.');
  if (statusCode === 415) return oauthError(415, 'invalid_request', `Send the parameters as ${formType}.`);
  if (statusCode >= 400 && statusCode < 500)
    return oauthError(statusCode, 'invalid_request', 'The request is malformed.');
  logger.error({ err: error }, 'an OAuth request failed');
  return oauthError(500, 'server_error', 'The request failed.');
}
