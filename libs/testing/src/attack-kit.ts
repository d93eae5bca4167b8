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

/** Over HTTP as any client sends it; raw-http.ts is for what no client sends. */
export type Client = {
  url: string;
  ask(query: string, asked?: Asked): Promise<Reply>;
  send(path: string, init?: RequestInit): Promise<Reply>;
  post(body: string | Uint8Array<ArrayBuffer>, headers?: Record<string, string>): Promise<Reply>;
};

/** Passwords are hashed slowly, in turn, and slower still on a machine that has more to do. */
const timeoutMs = 45_000;

export function createClient(url: string): Client {
  const send: Client['send'] = async (path, init = {}) => {
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
  const post: Client['post'] = (body, headers = {}) =>
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
