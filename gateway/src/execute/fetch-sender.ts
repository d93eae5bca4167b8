import { type Platform, platforms, subgraphCheckOf } from '@signet/schema/contract';
import { type Logger, noteRefusal, signetContextHeader, withTimeout } from '@signet/service';
import type { ServiceMetrics } from '@signet/telemetry';
import { type Attributes, type Span, traceHeaders } from '@signet/telemetry/tracing';
import { createErrorReport, type RefusalReports } from '../access/refusal-reports.ts';
import type { FetchCookies } from '../admission/session-cookie-gate.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import { callerOf } from '../planning/entrance-planning.ts';
import type { FetchMessage, FetchSigner } from '../subgraphs/entrance-proof.ts';
import { NoAnswerError, type RawAnswer } from '../subgraphs/exchange.ts';
import { type AnswerBudget, HeldAnswers, NoRoomForAnswerError } from '../subgraphs/held-answers.ts';
import { connections, connectToSubgraph, type SubgraphConnection } from '../subgraphs/subgraph-connection.ts';
import type { OpenCircuits } from '../subgraphs/subgraph-readiness.ts';
import type { FetchResult, OutgoingFetch, SendFetch, SubgraphError } from './executor.ts';
import {
  assertProofAccepted,
  codeOf,
  outageReasonOf,
  ProofRefusedError,
  readAnswer,
  reasonOf,
} from './fetch-answer.ts';
import { createFetchTurns, type FetchTurns, NoTurnError } from './fetch-turns.ts';

/** A subgraph, as an entrance sends to it. */
export type SubgraphTarget = {
  name: string;
  /** Where it answers: the process of each platform, mostly the same for both. A fetch without a group goes to that of `user`. */
  urls: Readonly<Record<Platform, string>>;
  /** Session and device cookies pass, those of the fetch's platform. They are between the client and auth alone. */
  takesCookies?: boolean;
  /** Returns the headers that prove the sender. Called anew at each attempt, with the URL that the attempt goes to. */
  sign?: FetchSigner | undefined;
};

export type FetchSenderOptions = {
  targets: readonly SubgraphTarget[];
  /** Shared by all senders of the process. */
  answers: AnswerBudget;
  /** Gets the refusals of subgraphs that keep no audit log. */
  reports: Pick<RefusalReports, 'add'>;
  logger: Logger;
  entrance: string;
  /** Undefined where nobody scrapes them. */
  metrics?: ServiceMetrics | undefined;
};

export type FetchSender = {
  /** @throws {OutageError} */
  send: SendFetch<GatewayContext>;
  openCircuits: OpenCircuits;
  /** Closes the connections. */
  stop(): Promise<void>;
};

/** No GraphQL answer came. The log has the cause. */
export class OutageError extends Error {
  override readonly name = 'OutageError';
}

/** Sends the fetches of an entrance to all of its subgraphs. */
export function createFetchSender({ targets, ...options }: FetchSenderOptions): FetchSender {
  const senders = new Map(targets.map((target) => [target.name, createSubgraphSender(target, options)]));
  return {
    send(fetch, context) {
      const sender = senders.get(fetch.subgraph);
      if (!sender) throw new TypeError(`No subgraph '${fetch.subgraph}' is configured.`);
      return sender.send(fetch, context);
    },
    openCircuits: () => [...senders.values()].flatMap((sender) => sender.openCircuits()),
    stop: async () => void (await Promise.all([...senders.values()].map((sender) => sender.stop()))),
  };
}

/** One address of the subgraph. */
type Route = {
  url: string;
  /** Path and query, as they are sent. */
  target: string;
  path: string;
  query: string;
  connection: SubgraphConnection;
  turns: FetchTurns;
  /** What the span of each fetch says. */
  attributes: Attributes;
};

/** The subgraph stops a little earlier than the gateway, so that its answer still arrives. */
const answerMarginMs = 100;
const json = 'application/json';

/**
 * Sends the fetches of the gateway to one subgraph. Each carries the client's token and the Signet-Context, and to auth
 * the session cookie of the fetch's platform; nothing else from the client's request. An answer that is not GraphQL
 * never reaches the client. A fetch ends when the time of the request ends. A query is sent once more where its
 * connection failed before any answer. Callers share the connections. When the client has left, no further query is sent; a
 * fetch that was sent is waited for, since the subgraph goes on with it.
 */
function createSubgraphSender(
  { name, urls, takesCookies = false, sign }: SubgraphTarget,
  { answers, logger, reports, entrance, metrics }: Omit<FetchSenderOptions, 'targets'>,
): FetchSender {
  const routes = openRoutes(name, urls, logger);
  const opened = [...new Set(platforms.map((platform) => routes[platform].connection))];
  const report = createErrorReport(name, reports);
  const measured = metrics && measureFetches(metrics, name);
  const endSampling = metrics?.sample('signet_circuit_open', () => [
    { labels: [entrance, name], value: opened.some(({ circuit }) => circuit.isOpen()) ? 1 : 0 },
  ]);

  const describe = (
    { url, target, path, query }: Route,
    { authorization, signetContext }: GatewayContext,
    cookie: string | undefined,
    body: string,
    timeoutMs: number,
    span: Span | undefined,
  ) => {
    const signedContext = withTimeout(signetContext, timeoutMs - answerMarginMs);
    const headers = ['accept', json, 'content-type', json, signetContextHeader, signedContext];
    if (authorization !== undefined) headers.push('authorization', authorization);
    if (cookie !== undefined) headers.push('cookie', cookie);
    if (span) headers.push(...traceHeaders(span));
    if (sign) {
      const signed: FetchMessage['headers'] = { 'content-type': json, [signetContextHeader]: signedContext };
      if (authorization !== undefined) signed.authorization = authorization;
      if (cookie !== undefined) signed.cookie = cookie;
      const proof = sign({ method: 'POST', path, query, headers: signed, body }, url);
      for (const header in proof) headers.push(header, proof[header] as string);
    }
    return { path: target, headers, body };
  };

  const ask = async (
    { kind, body }: OutgoingFetch,
    context: GatewayContext,
    route: Route,
    cookies: FetchCookies | undefined,
    span: Span | undefined,
  ): Promise<RawAnswer> => {
    const { connection, turns } = route;
    const isQuery = kind === 'query';
    const assertWorthSending = () => {
      if (isQuery && context.clientGone.aborted) throw new AbandonedError('The client has left.');
      if (connection.circuit.isOpen()) throw new OpenCircuitError('The circuit is open.');
    };
    const attempt = (timeoutMs: number) => {
      if (timeoutMs <= 0) throw new Error('no time is left');
      const message = describe(route, context, cookies?.headers.cookie, body, timeoutMs, span);
      return connection.send(message, timeoutMs, context.answers);
    };
    const attemptLater = () => {
      assertWorthSending();
      return attempt(context.deadline - performance.now());
    };
    // Also before the wait for a turn, which holds the operation's place at the entrance.
    assertWorthSending();
    const timeoutMs = context.deadline - performance.now();
    const caller = callerOf(context);
    context.answers ??= new HeldAnswers(answers, caller);
    const turn = turns.take(caller, { timeoutMs, leaves: isQuery ? context.clientGone : undefined });
    if (turn) await turn;
    try {
      return await (turn ? attemptLater() : attempt(timeoutMs));
    } catch (error) {
      if (!isQuery || !(error instanceof NoAnswerError)) throw error;
      span?.set('http.request.resend_count', 1);
      return await attemptLater();
    } finally {
      turns.giveBack(caller);
    }
  };

  return {
    async send(fetch, context): Promise<FetchResult> {
      if (context.telemetry) context.telemetry.fetches += 1;
      const startedAt = measured && performance.now();
      const platform = fetch.group === 'portal' ? 'portal' : 'user';
      const route = routes[platform];
      const cookies = takesCookies ? context.cookies?.of(platform) : undefined;
      const span = context.telemetry?.span?.child(`POST ${name}`, 'client', route.attributes);
      try {
        const answer = await ask(fetch, context, route, cookies, span);
        span?.set('http.response.status_code', answer.statusCode);
        const result = readAnswer(answer);
        if (result.errors) assertProofAccepted(result.errors);
        cookies?.relay(answer.headers['set-cookie']);
        if (result.errors) {
          report?.(result.errors, context);
          noteErrors(name, result.errors, context);
        }
        measured?.[result.errors ? 'errors' : 'ok'](startedAt);
        return result;
      } catch (error) {
        measured?.failed(startedAt);
        span?.fail(error instanceof Error ? error.name : 'error');
        if (!isOurs(error)) {
          // Others take the room.
          if (!(error instanceof NoRoomForAnswerError)) route.connection.circuit.suspect();
          const level = error instanceof ProofRefusedError ? 'error' : 'warn';
          logger[level]({ subgraph: name, err: error }, 'a fetch failed');
        }
        noteRefusal(context, {
          check: error instanceof ProofRefusedError ? 'PROOF' : 'SUBGRAPH',
          code: 'SERVICE_UNAVAILABLE',
          reason: outageReasonOf(name),
          subgraph: name,
        });
        throw new OutageError('The fetch failed.', { cause: error });
      } finally {
        span?.end();
      }
    },
    openCircuits: () =>
      opened.flatMap(({ circuit, origin }) => (circuit.isOpen() ? [{ subgraph: name, origin }] : [])),
    async stop() {
      endSampling?.();
      await Promise.all(opened.map((connection) => connection.stop()));
    },
  };
}

/** For whoever asks why an answer lacks something. */
function noteErrors(subgraph: string, errors: readonly SubgraphError[], context: GatewayContext): void {
  for (const error of errors) {
    const code = String(codeOf(error) ?? '');
    const found = reasonOf(error);
    const reason = typeof found === 'string' ? found : undefined;
    noteRefusal(context, { check: subgraphCheckOf(code, reason), code, reason, subgraph });
  }
}

type Measure = (startedAt: number | undefined) => void;

function measureFetches(
  metrics: ServiceMetrics,
  subgraph: string,
): Record<'ok' | 'errors' | 'failed', Measure> {
  const create = (outcome: string): Measure => {
    const series = metrics.histogram('signet_fetch_duration_seconds', subgraph, outcome);
    return (startedAt = performance.now()) => series.observe((performance.now() - startedAt) / 1000);
  };
  return { ok: create('ok'), errors: create('errors'), failed: create('failed') };
}

/** Processes at one origin share its connections. */
function openRoutes(
  name: string,
  urls: SubgraphTarget['urls'],
  logger: Logger,
): Readonly<Record<Platform, Route>> {
  const opened = new Map<string, Pick<Route, 'connection' | 'turns'>>();
  const open = (url: string): Route => {
    const { origin, pathname, search, hostname, port, protocol } = new URL(url);
    const attributes = {
      'http.request.method': 'POST',
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
      'url.full': `${origin}${pathname}`,
      'signet.subgraph': name,
    };
    let shared = opened.get(origin);
    if (!shared) {
      const turns = createFetchTurns(connections);
      shared = { connection: connectToSubgraph(url, { name, logger, onOutage: turns.dropWaiting }), turns };
      opened.set(origin, shared);
    }
    return { url, target: `${pathname}${search}`, path: pathname, query: search, attributes, ...shared };
  };
  return { user: open(urls.user), portal: open(urls.portal) };
}

/** Not logged for each fetch: the log has a line from when the circuit opened. */
class OpenCircuitError extends Error {
  override readonly name = 'OpenCircuitError';
}

/** The client that waited for the answer has left, and nothing was sent. */
class AbandonedError extends Error {
  override readonly name = 'AbandonedError';
}

/** Whether a fetch was not sent for a reason that says nothing about the subgraph. */
function isOurs(error: unknown): boolean {
  return [AbandonedError, OpenCircuitError, NoTurnError].some((kind) => error instanceof kind);
}
