import { databaseErrorToReason, findSpan } from '@signet/db';
import {
  isOauthRoute,
  type OauthAnswer,
  type OauthQuestion,
  type OauthRefused,
  type OauthRouteName,
  oauthError,
  oauthPath,
  oauthRoutes,
  type Platform,
  platforms,
  providerForm,
} from '@signet/schema/contract';
import { errorBody, type Logger, RefusalError, type SignetContext } from '@signet/service';
import type { Verifier } from '@signet/session';
import type { ProofGate } from '@signet/subgraph';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { OauthRefusal } from './oauth-refusal.ts';

/** A request to an OAuth route. Texts are as the client sent them, and nothing of them is checked. */
export type OauthRequest = Omit<OauthQuestion, 'query' | 'body'> & {
  query: URLSearchParams;
  form: URLSearchParams;
  /** What the entrance says of the client: its address, the tenant that host or x-tenant name, the request's id. */
  context: SignetContext;
  /** Judges an access token as every process does. */
  verify: Verifier['verify'];
  /** Who asks, as far as the handler has found out: for the record of a request that is refused. */
  caller: Pick<OauthRefused, 'client' | 'tenantId'>;
};

/** @throws {OauthRefusal}; {RefusalError} auth.unavailable, auth.throttled; anything else is `server_error` */
export type OauthHandler = (request: OauthRequest) => Promise<OauthAnswer> | OauthAnswer;

/** What a platform answers. A route without a handler is not there. */
export type OauthHandlers = Partial<Readonly<Record<OauthRouteName, OauthHandler>>>;

const text = z.string().optional();
const question = z.strictObject({
  platform: z.enum(platforms),
  route: z.string().refine(isOauthRoute),
  provider: z.string().regex(providerForm).optional(),
  query: text,
  body: text,
  authorization: text,
  accept: text,
  cookie: text,
});

export type OauthRoutesOptions = {
  /** Undefined for a platform that this process does not hold. */
  handlersOf(platform: Platform): OauthHandlers | undefined;
  verifier: Verifier;
  logger: Logger;
};

/**
 * Answers what entrances pass on of their OAuth routes. Only requests with a proof reach the routes of `scope`, and an entrance asks about
 * its own platforms alone. A captured question opens nothing a second time: assertions, codes and states are each used once.
 */
export function registerOauthRoutes(
  scope: FastifyInstance,
  gate: ProofGate,
  { handlersOf, verifier, logger }: OauthRoutesOptions,
): void {
  scope.post(oauthPath, async (request, reply) => {
    const { sender } = gate.proofOf(request);
    const { success, data } = question.safeParse(request.body);
    if (!success || oauthRoutes[data.route].path.includes('{provider}') !== (data.provider !== undefined)) {
      return reply.code(400).send(errorBody('This is no request of an OAuth route.', 'BAD_REQUEST'));
    }
    if (sender.entrance !== 'graph' && sender.entrance !== data.platform) {
      const cause = new Error(`the entrance ${sender.entrance} asks for the platform ${data.platform}`);
      throw new RefusalError('auth.failure.proof_invalid', { cause });
    }
    const handlers = handlersOf(data.platform);
    if (!handlers) throw new RefusalError('auth.unavailable');
    const handle = handlers[data.route];
    if (!handle) return notFound;
    const { query = '', body = '', ...rest } = data;
    const span = findSpan();
    span?.rename(`oauth ${data.route}`);
    span?.set('signet.platform', data.platform);
    if (data.provider !== undefined) span?.set('signet.provider', data.provider);
    const answered = (answer: OauthAnswer) => {
      span?.set('signet.oauth.status', answer.status);
      if (answer.status >= 500) span?.fail(String(answer.status));
      return answer;
    };
    const caller: OauthRequest['caller'] = {};
    try {
      const answer = await handle({
        ...(rest as Omit<OauthQuestion, 'query' | 'body'>),
        query: new URLSearchParams(query),
        form: new URLSearchParams(body),
        context: gate.contextOf(request),
        verify: verifier.verify,
        caller,
      });
      return answered(answer);
    } catch (error) {
      return answered({ ...answerOf(error, logger), refused: { reason: reasonOf(error), ...caller } });
    }
  });
}

const notFound = oauthError(404, 'invalid_request', 'There is nothing at this path.');

function reasonOf(error: unknown): OauthRefused['reason'] {
  if (error instanceof OauthRefusal) return error.reason;
  if (error instanceof RefusalError && error.httpStatus === 429) return 'auth.throttled';
  const isLater = error instanceof RefusalError && error.httpStatus === 503;
  return isLater || databaseErrorToReason(error) === 'unavailable' ? 'auth.unavailable' : undefined;
}

function answerOf(error: unknown, logger: Logger): OauthAnswer {
  if (error instanceof OauthRefusal) return error.answer;
  const isRefused = error instanceof RefusalError;
  const later = isRefused && error.retryAfterSeconds !== undefined ? error.retryAfterSeconds : 2;
  if (isRefused && error.httpStatus === 429) {
    return oauthError(429, 'temporarily_unavailable', 'Too many requests. Try again later.', {
      'retry-after': String(later),
    });
  }
  if ((isRefused && error.httpStatus === 503) || databaseErrorToReason(error) === 'unavailable') {
    return oauthError(503, 'temporarily_unavailable', 'Try again later.', { 'retry-after': String(later) });
  }
  logger.error({ err: error }, 'an OAuth request failed');
  return oauthError(500, 'server_error', 'The request failed.');
}
