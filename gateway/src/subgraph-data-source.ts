import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import type { Platform } from '@signet/schema/contract';
import type { SubgraphName } from '@signet/schema/subgraphs';
import { type Logger, RefusalError, signetContextHeader } from '@signet/service';
import { Pool } from 'undici';
import type { Fetch } from './auth-route.ts';
import type { GatewayContext } from './request-context.ts';
import type { FetchCookies } from './session-cookies.ts';

type GatewayResponse = Awaited<ReturnType<GraphQLDataSource['process']>>;

/** What a fetch sends, for whoever signs it: the exact bytes of the body, and each header that a signature covers. */
export type FetchMessage = {
  method: 'POST';
  /** Without its query. */
  path: string;
  /** With its question mark, or empty. */
  query: string;
  headers: {
    'content-type': string;
    [signetContextHeader]: string;
    authorization?: string;
    cookie?: string;
  };
  body: string;
};

export type SubgraphDataSourceOptions = {
  name: SubgraphName;
  logger: Logger;
  /** Chooses where a fetch goes. */
  urlOf(fetch: Fetch): string;
  /** For auth only: the platform whose session cookie goes along and may be set. Without it, no cookie passes. */
  cookiePlatformOf?(fetch: Fetch): Platform;
  /** Gives the headers that prove who sends. Called anew at each attempt, with the URL that `urlOf` chose. */
  sign?(message: FetchMessage, url: string): Record<string, string>;
  answerTimeoutMs?: number;
};

/** A member of an enum that @apollo/gateway declares and does not export. */
const incomingOperation: string = 'incoming operation';
const connectionsPerSubgraph = 64;
const connectTimeoutMs = 2000;
const defaultAnswerTimeoutMs = 20_000;

/**
 * Sends the gateway's fetches to one subgraph over kept-alive connections. The client's token and the Signet-Context go
 * along, to auth the session cookie of the fetch's platform, nothing else of the client's request does. What a subgraph says that is no GraphQL answer stays here.
 */
export class SubgraphDataSource implements GraphQLDataSource {
  readonly #options: SubgraphDataSourceOptions;
  readonly #pools = new Map<string, Pool>();

  constructor(options: SubgraphDataSourceOptions) {
    this.#options = options;
  }

  async process(options: GraphQLDataSourceProcessOptions): Promise<GatewayResponse> {
    if (options.kind !== incomingOperation) {
      throw new Error('The gateway composes nothing at run time and asks no subgraph for its schema.');
    }
    const { query = '', variables } = options.request;
    const url = this.#options.urlOf({ query, variables });
    const { origin, pathname, search } = new URL(url);
    const context = options.context as GatewayContext;
    const cookies = this.#cookiesOf(context, { query, variables });
    const message: FetchMessage = {
      method: 'POST',
      path: pathname,
      query: search,
      headers: {
        'content-type': 'application/json',
        [signetContextHeader]: context.signetContext,
        ...(context.authorization !== undefined && { authorization: context.authorization }),
        ...cookies?.headers,
      },
      body: JSON.stringify({ query, variables }),
    };
    try {
      const { statusCode, headers, body } = await this.#poolOf(origin).request({
        method: message.method,
        path: `${pathname}${search}`,
        headers: { accept: 'application/json', ...message.headers, ...this.#options.sign?.(message, url) },
        body: message.body,
        // The pool's own timeouts begin anew with each piece of the answer.
        signal: AbortSignal.timeout(this.#answerTimeoutMs),
      });
      const answer = readAnswer(statusCode, await body.text());
      cookies?.relay(headers['set-cookie']);
      return answer;
    } catch (error) {
      this.#options.logger.warn({ subgraph: this.#options.name, err: error }, 'a fetch failed');
      throw new RefusalError('auth.unavailable');
    }
  }

  get #answerTimeoutMs(): number {
    return this.#options.answerTimeoutMs ?? defaultAnswerTimeoutMs;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  #cookiesOf({ cookies }: GatewayContext, fetch: Fetch): FetchCookies | undefined {
    const { cookiePlatformOf } = this.#options;
    return cookies && cookiePlatformOf ? cookies.of(cookiePlatformOf(fetch)) : undefined;
  }

  #poolOf(origin: string): Pool {
    let pool = this.#pools.get(origin);
    if (!pool) {
      pool = new Pool(origin, {
        connections: connectionsPerSubgraph,
        connect: { timeout: connectTimeoutMs },
        headersTimeout: this.#answerTimeoutMs,
        bodyTimeout: this.#answerTimeoutMs,
      });
      this.#pools.set(origin, pool);
    }
    return pool;
  }
}

/** A refusal comes with its own status (401, 503) and a GraphQL body; anything that is not such a body is a fault. */
function readAnswer(statusCode: number, text: string): GatewayResponse {
  const answer = parseObject(text);
  const { data = null, errors } = answer ?? {};
  const hasErrors = Array.isArray(errors) && errors.length > 0 && errors.every(isObject);
  if (!answer || typeof data !== 'object' || !(hasErrors || (errors === undefined && data !== null))) {
    throw new Error(`answered ${statusCode} without a GraphQL result`);
  }
  return answer as GatewayResponse;
}

/** Undefined for what is no JSON object. JSON.parse would quote the body in its message. */
function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
