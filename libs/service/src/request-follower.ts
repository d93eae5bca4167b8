import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';

/** The response header with the id of a request. */
export const requestIdHeader = 'x-request-id';

/** Follows each request of a server, whichever way it takes, from its headers to the end of its answer. */
export type RequestFollower = {
  /** Called before anything else looks at the request. Returns its id, which every answer carries as X-Request-Id. */
  begin(request: IncomingMessage, response: ServerResponse): string;
  /** Called for errors that the HTTP server answers with by itself, or a framework on it: nothing else knows of them. */
  refused(request: IncomingMessage, errors: readonly GraphQLFormattedError[], status: number): void;
  /** The id of the trace of a request that has begun; undefined where nothing is traced. */
  traceIdOf?(request: IncomingMessage): string | undefined;
};

const idKey = Symbol('signet.requestId');
type WithId = { [idKey]?: string };

/** Begins to follow a request. The id stays on Node's request: one may be answered by several parts of the server in turn. */
export function beginRequest(
  follower: RequestFollower,
  request: IncomingMessage,
  response: ServerResponse,
): string {
  const id = follower.begin(request, response);
  (request as WithId)[idKey] = id;
  return id;
}

/** The id of a request: that of its follower, or one that is made here. It stays the same. */
export function requestIdOf(request: IncomingMessage): string {
  const known = request as WithId;
  known[idKey] ??= createRequestId();
  return known[idKey];
}

let lastTime = 0;
let lastPrefix = '';

const digitsOfId = 20;
const idsAtOnce = 128;
const variants = ['8', '9', 'a', 'b'];
let digits = '';
let usedDigits = 0;

/**
 * A UUID of version 7 (RFC 9562, section 5.7): ids of later requests sort after earlier ones. The random digits of many ids are drawn at once:
 * Node's own UUIDs are put together from twenty pieces each.
 */
export function createRequestId(now = Date.now()): string {
  if (now !== lastTime) {
    const time = now.toString(16).padStart(12, '0');
    lastTime = now;
    lastPrefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
  }
  if (usedDigits === digits.length) {
    digits = randomBytes((idsAtOnce * digitsOfId) / 2).toString('hex');
    usedDigits = 0;
  }
  const at = usedDigits;
  usedDigits += digitsOfId;
  const variant = variants[Number.parseInt(digits.charAt(at), 16) % variants.length];
  return `${lastPrefix}${digits.slice(at + 1, at + 4)}-${variant}${digits.slice(at + 4, at + 7)}-${digits.slice(at + 7, at + 19)}`;
}

/** The same error with the id of its request, by which an operator finds it in the log. */
export function withRequestId(error: GraphQLFormattedError, requestId: string): GraphQLFormattedError {
  return { ...error, extensions: { ...error.extensions, requestId } };
}

const bodyOfErrors = '{"errors":[';
/** Answers of the server itself are short. One with data has been written by somebody who knows the id. */
const longestStamped = 64 * 1024;

/**
 * Puts the id into the errors of a body, unless it is there already.
 *
 * @returns the body to send, and the errors if this was the first to see them
 */
export function stampErrors(
  body: string,
  requestId: string,
): { body: string; errors: readonly GraphQLFormattedError[] } | undefined {
  if (!body.startsWith(bodyOfErrors) || body.length > longestStamped) return undefined;
  if (body.includes(`"requestId":"${requestId}"`)) return undefined;
  const parsed = JSON.parse(body) as { errors: GraphQLFormattedError[] };
  const { errors } = parsed;
  const stamped = { ...parsed, errors: errors.map((error) => withRequestId(error, requestId)) };
  return { body: `${JSON.stringify(stamped)}${body.endsWith('\n') ? '\n' : ''}`, errors };
}
