export type GraphqlRequest = { query: string; variables?: Record<string, unknown> };
type Sender = {
  token?: string;
  headers?: Record<string, string>;
  /** The server is of another make: its errors carry no id of their request. */
  isForeign?: boolean;
};

export type GraphqlError = {
  message: string;
  path?: (string | number)[];
  extensions: { code: string; reason?: string; requestId?: string };
};

export type GraphqlAnswer = {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test's own query says.
  body: { data?: any; errors?: GraphqlError[] };
};

/** Posts one operation as a client would, to a gateway. `token` becomes the bearer token. */
export async function postGraphql(
  url: string,
  request: GraphqlRequest,
  { token, headers, isForeign = false }: Sender = {},
): Promise<GraphqlAnswer> {
  const response = await fetchAnswer(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(request),
  });
  if (!isForeign) return readGraphqlAnswer(response);
  const { status } = response;
  return { status, headers: response.headers, body: (await response.json()) as GraphqlAnswer['body'] };
}

/** Far above what an answer takes on a busy machine, and below the limit of a test, which does not say where it hung. */
const answerLimitMs = 120_000;

/** @throws where there is no answer by then, with the address */
export async function fetchAnswer(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(answerLimitMs) });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'TimeoutError')) throw error;
    throw new Error(`no answer within ${answerLimitMs} ms: ${url}`, { cause: error });
  }
}

export async function readGraphqlAnswer(response: Response): Promise<GraphqlAnswer> {
  const body = takeRequestIds((await response.json()) as GraphqlAnswer['body'], response);
  return { status: response.status, headers: response.headers, body };
}

/**
 * Removes the id of the request from the errors of an answer, so that two answers to the same can be compared. A server that names the
 * request must do so in every error: where one lacks the id, the test fails.
 */
export function takeRequestIds<A extends object>(answer: A, { headers }: Pick<Response, 'headers'>): A {
  const requestId = headers.get('x-request-id');
  const { errors = [] } = answer as { errors?: { message: string; extensions?: { requestId?: string } }[] };
  for (const { message, extensions } of errors) {
    if ((extensions?.requestId ?? null) !== requestId)
      throw new Error(`the error '${message}' lacks the id of its request`);
    delete extensions?.requestId;
  }
  return answer;
}

/** The reason of each error; its code where it has none. Empty: all went well. */
export function reasonsOf({ body }: GraphqlAnswer): string[] {
  return (body.errors ?? []).map(({ extensions }) => extensions.reason ?? extensions.code);
}
