/**
 * What attacks are written with. `signet attack` has those that try the platform; `subgraphs/<name>/attacks.ts` exports
 * `attacks`, which it tries after its own.
 */
export type Attack = {
  name: string;
  tried: string;
  /** Undefined when the target held; otherwise what was won, for the report. */
  run(target: Target): Promise<string | undefined>;
};

/** A running platform with accounts that sign in, as a stranger finds it: nothing here comes from inside. */
export type Target = {
  graph: AttackClient;
  user: AttackClient;
  portal: AttackClient;
  /** Where the subgraphs answer, if they can be reached at all. */
  subgraphs: readonly AttackClient[];
  accounts: Accounts;
  /** Access tokens of a customer, of another customer, and of a member of staff with the least role. */
  customer: string;
  other: string;
  staff: string;
  signIn(field: 'login' | 'portalLogin', email: string, headers?: Record<string, string>): Promise<Tokens>;
};
export type Tokens = { accessToken: string; refreshToken: string };
export type Accounts = {
  password: string;
  customer: string;
  other: string;
  staff: string;
  /** A customer whose account is attacked by guesses, and nothing else. */
  guessed: string;
  guessedPassword: string;
  /** One whose times are compared with those of an account that does not exist. */
  timed: string;
  /** Whose sign-in is flooded: a pause of it must not tell on another one. */
  flooded: string;
};

export type GraphqlBody = {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: Record<string, unknown> }[];
};
export type Reply = {
  status: number;
  headers: Headers;
  text: string;
  body: GraphqlBody | undefined;
  ms: number;
};
export type Asked = {
  token?: string;
  variables?: object;
  headers?: Record<string, string>;
  operationName?: string;
};

/** Over HTTP, as any client sends it. */
export type AttackClient = {
  url: string;
  ask(query: string, asked?: Asked): Promise<Reply>;
  send(path: string, init?: RequestInit): Promise<Reply>;
  post(body: string | Uint8Array<ArrayBuffer>, headers?: Record<string, string>): Promise<Reply>;
};

/** Passwords are hashed slowly, in turn, and slower still on a machine that has more to do. */
const timeoutMs = 45_000;

export function createAttackClient(url: string): AttackClient {
  const send: AttackClient['send'] = async (path, init = {}) => {
    const startedAt = performance.now();
    const response = await fetch(`${url}${path}`, {
      redirect: 'manual',
      ...init,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const ms = performance.now() - startedAt;
    return { status: response.status, headers: response.headers, text, body: parseBody(text), ms };
  };
  const post: AttackClient['post'] = (body, headers = {}) =>
    send('/graphql', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  return {
    url,
    send,
    post,
    ask: (query, { token, headers = {}, ...rest } = {}) =>
      post(JSON.stringify({ query, ...rest }), {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      }),
  };
}

function parseBody(text: string): GraphqlBody | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as GraphqlBody) : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing was refused, or not cleanly: data beside or instead of errors, a server error, or an answer that is no error at all. */
export function wonUnlessRefused({ status, body, text }: Reply): string | undefined {
  if (status >= 500 && status !== 503) return `HTTP ${status}: ${shorten(text)}`;
  const data = findData(body?.data);
  if (data !== undefined) return `HTTP ${status} with data: ${shorten(JSON.stringify(body?.data))}`;
  const isRefused = status >= 400 || (body?.errors?.length ?? 0) > 0;
  return isRefused ? undefined : `HTTP ${status} without an error: ${shorten(text)}`;
}

/** Refused with one of these statuses, and with nothing else. */
export function wonUnlessStatus(reply: Reply, ...statuses: number[]): string | undefined {
  return (
    wonUnlessRefused(reply) ??
    (statuses.includes(reply.status)
      ? undefined
      : `HTTP ${reply.status} instead of ${statuses.join(' or ')}: ${shorten(reply.text)}`)
  );
}

/** The first value of an answer that tells something; `__typename` does not. */
export function findData(value: unknown, name = ''): unknown {
  if (value === null || value === undefined || name === '__typename') return undefined;
  if (typeof value !== 'object') return value;
  for (const [key, inner] of Object.entries(value)) {
    const found = findData(inner, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What speaks of the inside of the server: stacks, files, addresses, queries, libraries. */
const inside =
  /node_modules|\bat \S+ \(|\.[jt]s:\d+|\/(home|root|usr|work|app)\/|https?:\/\/(127\.|localhost|[\w-]+:\d)|ECONNREFUSED|\bselect .+ from\b|\bpg_|postgres|kysely|Maximum call stack|RangeError|TypeError|Cannot read prop/i;

export function wonIfInsideShows({ status, text }: Reply): string | undefined {
  const [found] = inside.exec(text) ?? [];
  return found === undefined ? undefined : `HTTP ${status} says '${found}': ${shorten(text)}`;
}

export function shorten(text: string | undefined): string {
  return (text ?? '').length > 140 ? `${text?.slice(0, 140)}…` : (text ?? '');
}

/** `unit` again and again, with `%` as its number and `&` as the next. */
export function repeat(count: number, unit: string): string {
  return Array.from({ length: count }, (_, index) =>
    unit.replaceAll('%', String(index)).replaceAll('&', String(index + 1)),
  ).join(' ');
}

/** Must be refused, and before it costs anything: an answer that takes long was not. Also on a machine that has more to do. */
const refusedSoonMs = 3000;

/** A request that asks for much more than anybody needs. Won unless it is refused cleanly and soon. */
export function tooMuch(name: string, tried: string, send: (target: Target) => Promise<Reply>): Attack {
  return {
    name,
    tried,
    async run(target) {
      const reply = await send(target);
      return (
        wonUnlessRefused(reply) ??
        wonIfInsideShows(reply) ??
        (reply.body?.errors || reply.status === 413 ? undefined : 'refused without a clean error') ??
        (reply.ms > refusedSoonMs ? `refused after ${Math.round(reply.ms)} ms` : undefined)
      );
    },
  };
}

/** The same for a document that a customer, or a member of staff, sends to the entrance `graph`. */
export function tooMuchDocument(
  name: string,
  tried: string,
  query: string,
  { by = 'customer', variables = {} }: { by?: 'customer' | 'staff'; variables?: object } = {},
): Attack {
  return tooMuch(name, tried, (target) => target.graph.ask(query, { token: target[by], variables }));
}

/**
 * Requests that are wrong in many ways. Won where an answer shows a stack, path, URL, query or library, or is a server error.
 */
export async function wonByTexts(requests: readonly (() => Promise<Reply>)[]): Promise<string | undefined> {
  for (const send of requests) {
    const reply = await send();
    const isBroken = reply.status >= 500 && reply.status !== 503;
    const won =
      wonIfInsideShows(reply) ?? (isBroken ? `HTTP ${reply.status}: ${shorten(reply.text)}` : undefined);
    if (won) return won;
  }
  return undefined;
}

/** Texts that something behind a field may take for more than a text. */
export const trickyTexts = [
  '\u0000',
  '\ud800',
  "'; drop table users; --",
  '../../etc/passwd',
  '{{7*7}}',
  'x'.repeat(3000),
  '%00',
  '\u202e',
];

/** Names that every object has. */
export const prototypeNames = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
