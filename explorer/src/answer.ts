/** What the graph answered, for a person. */
export type Answer = {
  /** `200, 12 ms`; undefined where nothing was sent, or nothing came back. */
  summary: string | undefined;
  /** One line for each reason of refusal or fault. */
  reasons: readonly string[];
  /** The whole answer, as JSON where it is JSON. */
  text: string;
};

type GraphqlError = {
  message?: string;
  path?: readonly (string | number)[];
  extensions?: { reason?: string; code?: string };
};
type Sent = {
  graphqlPath: string;
  operation: string;
  operationName: string | undefined;
  variables: string;
  headers: string;
  getToken: () => Promise<string | undefined>;
  signal: AbortSignal;
};

const mostPaths = 3;

/** Sends an operation as the signed-in account. An Authorization header that somebody wrote wins over that account's token. */
export async function sendOperation(sent: Sent): Promise<Answer> {
  const variables = readObject(sent.variables);
  const written = readObject(sent.headers);
  if (!variables) return fault('The variables are not a JSON object.');
  if (!written) return fault('The headers are not a JSON object.');
  const startedAt = performance.now();
  try {
    const headers = new Headers({
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
    });
    for (const [name, value] of Object.entries(written)) headers.set(name, String(value));
    const token = headers.has('authorization') ? undefined : await sent.getToken();
    if (token) headers.set('authorization', `Bearer ${token}`);
    const { operation: query, operationName } = sent;
    const response = await fetch(sent.graphqlPath, {
      method: 'POST',
      // Else a cookie would sign in or out whom this page does not show.
      credentials: 'omit',
      headers,
      body: JSON.stringify({ query, variables, ...(operationName !== undefined && { operationName }) }),
      signal: sent.signal,
    });
    const text = await response.text();
    const summary = `${response.status}, ${Math.round(performance.now() - startedAt)} ms`;
    return { summary, ...readAnswer(text) };
  } catch (error) {
    if (sent.signal.aborted) return fault('Stopped.');
    return fault(`Nothing came back: ${error instanceof Error ? error.message : error}`);
  }
}

/** One refused operation may have an error for each of its fields: each reason is one line, with the first places that it holds for. */
export function readAnswer(text: string): Pick<Answer, 'reasons' | 'text'> {
  let answer: { errors?: readonly GraphqlError[] };
  try {
    answer = JSON.parse(text);
  } catch {
    return { reasons: [], text };
  }
  const errors = Array.isArray(answer?.errors) ? answer.errors : [];
  const byReason = Map.groupBy(errors, ({ extensions, message }) => {
    const reason = extensions?.reason ?? extensions?.code;
    return reason ? `${reason}: ${message}` : String(message);
  });
  const reasons = [...byReason].map(([reason, alike]) => {
    const paths = alike.flatMap(({ path }) => (path ? [path.join('.')] : []));
    const more = paths.length > mostPaths ? ` and ${paths.length - mostPaths} more` : '';
    return paths.length > 0 ? `${reason} (${paths.slice(0, mostPaths).join(', ')}${more})` : reason;
  });
  return { reasons, text: JSON.stringify(answer, null, 2) };
}

/** Undefined for a text that is no object. */
function readObject(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function fault(reason: string): Answer {
  return { summary: undefined, reasons: [reason], text: '' };
}
