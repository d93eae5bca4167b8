import type { FastifyReply, FastifyRequest } from 'fastify';
import { MalformedRequestError } from './errors.ts';
import { createTextParser } from './json-body.ts';

const once = ['query', 'operationName', 'variables', 'extensions', 'documentId'];
const optional = ['operationName', 'variables', 'extensions'];

/**
 * Lets a parameter mean the same in a URL and in a body (GraphQL over HTTP, section "Request Parameters"): one that is optional and
 * null or empty counts as absent, and none may be given twice. Apollo Server, and everything else that reads the request, comes
 * after this.
 *
 * Gives `done` a MalformedRequestError for a parameter of the URL that stands twice, or is not JSON as a body may hold it. The reader of
 * bodies has found both in a body.
 */
export function alignParameters(
  request: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  if (request.method === 'GET') {
    alignUrl(request).then(() => done(), done);
  } else {
    alignBody(request.body);
    done();
  }
}

/** The same for the body of a POST. */
export function alignBody(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  const parameters = body as Record<string, unknown>;
  for (const name of optional) {
    if (parameters[name] === null || parameters[name] === '') delete parameters[name];
  }
}

async function alignUrl(request: FastifyRequest): Promise<void> {
  const { raw } = request;
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
    const isAbsent =
      value === '' || (name !== 'operationName' && (await readJson(request, name, value)) === null);
    if (isAbsent) parameters.delete(name);
  }
  raw.url = `${url.slice(0, start)}?${parameters}`;
}

/**
 * Reads a parameter of the URL by the rules for bodies. It stands in brackets, since a body has its parameters one level deeper: only
 * names of the outermost object may not stand twice.
 */
async function readJson(request: FastifyRequest, name: string, text: string): Promise<unknown> {
  const parse = createTextParser(request.server);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  parse(request, `[${text}]`, (error, value) => (error ? reject(error) : resolve(value)));
  const values = await promise.catch((error: unknown) => {
    if (error instanceof MalformedRequestError) throw error;
  });
  if (!Array.isArray(values) || values.length !== 1) {
    throw new MalformedRequestError(`"${name}" in the URL is not JSON.`);
  }
  return values[0];
}
