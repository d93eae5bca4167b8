import { createHash } from 'node:crypto';
import type { CaseRequest } from './cases/case.ts';
import type { ConformanceIssuer } from './issuer.ts';

export type AnswerError = {
  message?: string;
  path?: readonly (string | number)[];
  extensions?: Record<string, unknown>;
};
/** What a gateway answered: for a subscription its first event. `text` is all of it. */
export type Answer = {
  status: number;
  text: string;
  /** The header WWW-Authenticate. Empty without one. */
  challenge: string;
  data?: unknown;
  errors: readonly AnswerError[];
};

const waitMs = 10_000;

/**
 * Asks a gateway as a case says.
 *
 * @throws {Error} where the gateway does not answer within ten seconds
 */
export async function askGateway(
  url: string,
  { as, operation, variables, operationName, by = 'post' }: CaseRequest,
  issuer: Pick<ConformanceIssuer, 'mint'>,
): Promise<Answer> {
  const authorization = as === 'nobody' ? {} : { authorization: `Bearer ${issuer.mint(as)}` };
  const hash = createHash('sha256').update(operation).digest('hex');
  const body = {
    ...(by !== 'hash' && { query: operation }),
    ...(variables && { variables }),
    ...(operationName && { operationName }),
    ...(by.startsWith('hash') && { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }),
  };
  const accept =
    by === 'subscription'
      ? 'text/event-stream, multipart/mixed;subscriptionSpec="1.0", application/json;q=0.5'
      : 'application/graphql-response+json, application/json';
  const signal = AbortSignal.timeout(waitMs);
  const headers = {
    accept,
    'content-type': 'application/json',
    'x-apollo-operation-name': 'conformance',
    ...authorization,
  };
  const response =
    by === 'get'
      ? await fetch(`${url}?${new URLSearchParams({ query: operation })}`, { headers, signal })
      : await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
  const text = await readAll(response);
  const challenge = response.headers.get('www-authenticate') ?? '';
  return { status: response.status, text, challenge, ...readAnswer(text) };
}

/** Of a stream, what came until it ended or the time was over. */
async function readAll(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk);
  } catch (error) {
    if (chunks.length === 0) throw error;
  }
  return Buffer.concat(chunks).toString();
}

/** JSON, or the first line of a stream of events or of parts that holds an answer. */
function readAnswer(text: string): Pick<Answer, 'data' | 'errors'> {
  for (const line of [text, ...text.split(/\r?\n/)]) {
    const json = readJson(line.replace(/^data: ?/, ''));
    const answer = (json?.payload ?? json) as { data?: unknown; errors?: AnswerError[] } | undefined;
    if (answer && ('data' in answer || 'errors' in answer)) {
      return { data: answer.data ?? undefined, errors: Array.isArray(answer.errors) ? answer.errors : [] };
    }
  }
  return { errors: [] };
}

function readJson(text: string): Record<string, unknown> | undefined {
  if (!text.trim().startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
