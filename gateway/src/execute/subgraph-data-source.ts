import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import type { Platform } from '@signet/schema/contract';
import type { SubgraphName } from '@signet/schema/subgraphs';
import { type Logger, signetContextHeader, withTimeout } from '@signet/service';
import { type DocumentNode, Kind, type OperationTypeNode, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { FetchCookies } from '../admission/session-cookie-gate.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { Fetch } from '../subgraphs/auth-route.ts';
import type { FetchMessage } from '../subgraphs/entrance-proof.ts';
import {
  AbandonedError,
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
 * connection failed before any answer.
 */
export class SubgraphDataSource implements GraphQLDataSource {
  readonly #options: SubgraphDataSourceOptions;
  readonly #connections = new Map<string, SubgraphConnection>();
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
    const connection = this.#connectionTo(url);
    const cookies = this.#cookiesOf(context, { query, variables });
    const document = () => parse(query, { noLocation: true });
    const sending = { url, connection, context, cookies };
    const ask = (part: Fetch['variables']) => this.#ask({ query, variables: part }, sending);
    const place = { subgraph: this.#options.name, variables, path: options.pathInIncomingRequest ?? [] };
    let result: GatewayResponse;
    try {
      result =
        Array.isArray(variables?.representations) && this.#kindOf(query).isOfEntities
          ? await askForEntities(variables, Buffer.byteLength(query), ask)
          : await ask(variables);
    } catch (error) {
      if (!(error instanceof AbandonedError) && !(error instanceof OpenCircuitError)) {
        connection.circuit.suspect();
        const level = error instanceof ProofRefusedError ? 'error' : 'warn';
        this.#options.logger[level]({ subgraph: this.#options.name, err: error }, 'a fetch failed');
      }
      return describeOutage(document(), place);
    }
    return result.data ? result : placeErrors(result, document(), place);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.stop()));
  }

  async #ask(fetch: Fetch, sending: Sending): Promise<GatewayResponse> {
    const answer = await this.#send(fetch, sending);
    const result = readAnswer(answer);
    assertProofAccepted(result.errors);
    sending.cookies?.relay(answer.headers['set-cookie']);
    return result;
  }

  async #send(fetch: Fetch, { url, connection, context, cookies }: Sending): Promise<RawAnswer> {
    const isQuery = this.#kindOf(fetch.query).operation === 'query';
    const body = JSON.stringify({ query: fetch.query, variables: fetch.variables });
    const attempt = () => {
      const timeoutMs = context.deadline - performance.now();
      if (connection.circuit.isOpen()) throw new OpenCircuitError('The circuit is open.');
      if (timeoutMs <= 0) throw new Error('no time is left');
      const outgoing = this.#describe(url, body, timeoutMs, context, cookies);
      // A mutation runs to its end even when the client has left: nobody can know how far it got.
      return connection.send(outgoing, { timeoutMs, abandoned: isQuery ? context.clientGone : undefined });
    };
    try {
      return await attempt();
    } catch (error) {
      if (isQuery && error instanceof NoAnswerError) {
        return attempt();
      }
      throw error;
    }
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

  #connectionTo(url: string): SubgraphConnection {
    const { origin } = new URL(url);
    let connection = this.#connections.get(origin);
    if (!connection) {
      connection = connectToSubgraph(url, this.#options.name, this.#options.logger);
      this.#connections.set(origin, connection);
    }
    return connection;
  }
}

/** `isOfEntities`: it asks for `_entities` by its variable `representations`, which @apollo/gateway makes. */
type FetchKind = { operation: OperationTypeNode; isOfEntities: boolean };

function readKind(document: DocumentNode): FetchKind {
  const { operation, selectionSet } = operationOf(document);
  const [field] = selectionSet.selections;
  return { operation, isOfEntities: field?.kind === Kind.FIELD && field.name.value === '_entities' };
}

type Sending = {
  url: string;
  connection: SubgraphConnection;
  context: GatewayContext;
  cookies: FetchCookies | undefined;
};

/** Not logged for each fetch: the log has a line from when the circuit opened. */
class OpenCircuitError extends Error {
  override readonly name = 'OpenCircuitError';
}
