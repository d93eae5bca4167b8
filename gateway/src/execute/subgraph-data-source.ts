import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import type { Platform } from '@signet/schema/contract';
import type { SubgraphName } from '@signet/schema/subgraphs';
import { type Logger, signetContextHeader, withTimeout } from '@signet/service';
import { type DocumentNode, Kind, type OperationTypeNode, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { FetchCookies } from '../admission/session-cookie-gate.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import { callerOf } from '../planning/entrance-planning.ts';
import type { Fetch } from '../subgraphs/auth-route.ts';
import type { FetchMessage } from '../subgraphs/entrance-proof.ts';
import {
  connections,
  connectToSubgraph,
  NoAnswerError,
  type RawAnswer,
  type SubgraphConnection,
} from '../subgraphs/subgraph-connection.ts';
import { askForEntities } from './entity-batches.ts';
import {
  assertProofAccepted,
  describeOutage,
  type GatewayResponse,
  ProofRefusedError,
  placeErrors,
  readAnswer,
} from './fetch-answer.ts';
import { operationOf } from './fetch-operation.ts';
import { createFetchTurns, type FetchTurns, NoTurnError } from './fetch-turns.ts';

export type SubgraphDataSourceOptions = {
  name: SubgraphName;
  logger: Logger;
  /** Chooses the URL of a fetch. */
  urlOf(fetch: Fetch): string;
  /** For auth only: the platform whose session cookie the fetch carries and may set. Without it, no cookie passes. */
  cookiePlatformOf?(fetch: Fetch): Platform;
  /** Returns the headers that prove the sender. Called anew at each attempt, with the URL that `urlOf` chose. */
  sign?(message: FetchMessage, url: string): Record<string, string>;
};

/** A member of an enum that @apollo/gateway declares but does not export. */
const incomingOperation: string = 'incoming operation';
/** The subgraph stops a little earlier than the gateway, so that its answer still arrives. */
const answerMarginMs = 100;
const maxKnownFetches = 1000;
/** Clients choose the literals of a fetch: without a limit, long texts would fill the memory. */
const maxKnownLength = 4000;

/**
 * Sends the fetches of the gateway to one subgraph. Each carries the client's token and the Signet-Context, and to auth
 * the session cookie of the fetch's platform; nothing else from the client's request. An answer that is not GraphQL
 * never reaches the client. A fetch ends when the time of the request ends. A query is sent once more where its
 * connection failed before any answer. Callers share the connections. When the client has left, no further query is sent; a
 * fetch that was sent is waited for, since the subgraph goes on with it.
 */
export class SubgraphDataSource implements GraphQLDataSource {
  readonly #options: SubgraphDataSourceOptions;
  readonly #routes = new Map<string, Route>();
  readonly #kinds = new LRUCache<string, FetchKind>({ max: maxKnownFetches });

  constructor(options: SubgraphDataSourceOptions) {
    this.#options = options;
  }

  async process(options: GraphQLDataSourceProcessOptions): Promise<GatewayResponse> {
    if (options.kind !== incomingOperation || !('pathInIncomingRequest' in options)) {
      throw new Error('The gateway composes nothing at run time and asks no subgraph for its schema.');
    }
    const { query = '', variables } = options.request;
    const context = options.context as GatewayContext;
    const url = this.#options.urlOf({ query, variables });
    const route = this.#routeTo(url);
    const { circuit } = route.connection;
    const cookies = this.#cookiesOf(context, { query, variables });
    const document = () => parse(query, { noLocation: true });
    const sending = { url, route, context, cookies };
    const ask = (part: Fetch['variables']) => this.#ask({ query, variables: part }, sending);
    const place = { subgraph: this.#options.name, variables, path: options.pathInIncomingRequest ?? [] };
    let result: GatewayResponse;
    try {
      result =
        Array.isArray(variables?.representations) && this.#kindOf(query).isOfEntities
          ? await askForEntities(variables, query, ask)
          : await ask(variables);
    } catch (error) {
      if (!isOurs(error)) {
        circuit.suspect();
        const level = error instanceof ProofRefusedError ? 'error' : 'warn';
        this.#options.logger[level]({ subgraph: this.#options.name, err: error }, 'a fetch failed');
      }
      return describeOutage(document(), place);
    }
    return result.data ? result : placeErrors(result, document(), place);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#routes.values()].map(({ connection }) => connection.stop()));
  }

  async #ask(fetch: Fetch, sending: Sending): Promise<GatewayResponse> {
    const answer = await this.#send(fetch, sending);
    const result = readAnswer(answer);
    assertProofAccepted(result.errors);
    sending.cookies?.relay(answer.headers['set-cookie']);
    return result;
  }

  async #send(fetch: Fetch, { url, route, context, cookies }: Sending): Promise<RawAnswer> {
    const { connection, turns } = route;
    const isQuery = this.#kindOf(fetch.query).operation === 'query';
    const body = JSON.stringify({ query: fetch.query, variables: fetch.variables });
    const assertWorthSending = () => {
      if (isQuery && context.clientGone.aborted) throw new AbandonedError('The client has left.');
      if (connection.circuit.isOpen()) throw new OpenCircuitError('The circuit is open.');
    };
    const attempt = () => {
      assertWorthSending();
      const timeoutMs = context.deadline - performance.now();
      if (timeoutMs <= 0) throw new Error('no time is left');
      const outgoing = this.#describe(url, body, timeoutMs, context, cookies);
      return connection.send(outgoing, timeoutMs);
    };
    // Also before the wait for a turn, which holds the operation's place at the entrance.
    assertWorthSending();
    const patience = {
      timeoutMs: context.deadline - performance.now(),
      leaves: isQuery ? context.clientGone : undefined,
    };
    return turns.run(callerOf(context), patience, async () => {
      try {
        return await attempt();
      } catch (error) {
        if (isQuery && error instanceof NoAnswerError) {
          return attempt();
        }
        throw error;
      }
    });
  }

  #describe(
    url: string,
    body: string,
    timeoutMs: number,
    { authorization, signetContext }: GatewayContext,
    cookies: FetchCookies | undefined,
  ) {
    const { pathname, search } = new URL(url);
    const message: FetchMessage = {
      method: 'POST',
      path: pathname,
      query: search,
      headers: {
        'content-type': 'application/json',
        [signetContextHeader]: withTimeout(signetContext, timeoutMs - answerMarginMs),
        ...(authorization !== undefined && { authorization }),
        ...cookies?.headers,
      },
      body,
    };
    const headers = { accept: 'application/json', ...message.headers, ...this.#options.sign?.(message, url) };
    return { path: `${pathname}${search}`, headers, body };
  }

  #cookiesOf({ cookies }: GatewayContext, fetch: Fetch): FetchCookies | undefined {
    const { cookiePlatformOf } = this.#options;
    return cookies && cookiePlatformOf ? cookies.of(cookiePlatformOf(fetch)) : undefined;
  }

  #kindOf(query: string): FetchKind {
    let kind = this.#kinds.get(query);
    if (!kind) {
      kind = readKind(parse(query, { noLocation: true }));
      if (query.length <= maxKnownLength) {
        this.#kinds.set(query, kind);
      }
    }
    return kind;
  }

  #routeTo(url: string): Route {
    const { origin } = new URL(url);
    let route = this.#routes.get(origin);
    if (!route) {
      const { name, logger } = this.#options;
      const turns = createFetchTurns(connections);
      route = { connection: connectToSubgraph(url, { name, logger, onOutage: turns.dropWaiting }), turns };
      this.#routes.set(origin, route);
    }
    return route;
  }
}

/** `isOfEntities`: it asks for `_entities` by its variable `representations`, which @apollo/gateway makes. */
type FetchKind = { operation: OperationTypeNode; isOfEntities: boolean };

function readKind(document: DocumentNode): FetchKind {
  const { operation, selectionSet } = operationOf(document);
  const [field] = selectionSet.selections;
  return { operation, isOfEntities: field?.kind === Kind.FIELD && field.name.value === '_entities' };
}
/** One address of the subgraph. */
type Route = { connection: SubgraphConnection; turns: FetchTurns };

type Sending = {
  url: string;
  route: Route;
  context: GatewayContext;
  cookies: FetchCookies | undefined;
};

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
