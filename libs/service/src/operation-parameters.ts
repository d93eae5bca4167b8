import type { FastifyRequest } from 'fastify';
import { MalformedRequestError } from './errors.ts';
import { assertOneMeaning } from './json-body.ts';

const once = ['query', 'operationName', 'variables', 'extensions', 'documentId'];
const optional = ['operationName', 'variables', 'extensions'];

/**
 * Lets a parameter mean the same in a URL and in a body (GraphQL over HTTP, section "Request Parameters"): one that is optional and
 * null or empty counts as absent, and none may be given twice. Apollo Server, and everything else that reads the request, comes
 * after this.
 *
 * @throws {MalformedRequestError} for a parameter that stands twice in the URL; the reader of bodies finds that in a body.
 */
export async function alignParameters(request: FastifyRequest): Promise<void> {
  if (request.method === 'GET') alignUrl(request);
  else alignBody(request.body);
}

function alignBody(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  const parameters = body as Record<string, unknown>;
  for (const name of optional) {
    if (parameters[name] === null || parameters[name] === '') delete parameters[name];
  }
}

function alignUrl({ raw }: FastifyRequest): void {
  const { url = '' } = raw;
  const start = url.indexOf('?');
  if (start < 0) return;
  const parameters = new URLSearchParams(url.slice(start));
  for (const name of once) {
    if (parameters.getAll(name).length > 1) {
      throw new MalformedRequestError(`The URL holds "${name}" twice.`);
    }
  }
  for (const name of optional) {
    const value = parameters.get(name);
    if (value === null) continue;
    // An operation may be called `null`; the other two are JSON.
    const isNull = name !== 'operationName' && readJson(value) === null;
    if (value === '' || isNull) parameters.delete(name);
  }
  raw.url = `${url.slice(0, start)}?${parameters}`;
}

/** Undefined for a text that is no JSON, which Apollo Server refuses. Names inside count as they do inside a body. */
function readJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  assertOneMeaning(`[${text}]`);
  return value;
}
