import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MalformedRequestError } from './errors.ts';

/** Reads the bytes of a body as JSON and gives `done` the value, or a fault with the status 400. */
export type JsonReader = (
  request: FastifyRequest,
  bytes: Buffer,
  done: (error: Error | null, body?: unknown) => void,
) => void;

/**
 * Creates the one reader of JSON bodies. It refuses what two readers could understand differently: bytes that are not UTF-8 (RFC
 * 8259, section 8.1), half of a surrogate pair (RFC 7493, section 2.1), a member of the outermost object that stands twice
 * (section 2.3), and names that change the prototype of an object.
 */
export function createJsonReader(server: FastifyInstance): JsonReader {
  const parse = server.getDefaultJsonParser('error', 'error');
  return (request, bytes, done) => {
    let text: string;
    try {
      text = decodeUtf8(bytes);
    } catch {
      return done(new MalformedRequestError('The body is not UTF-8.'));
    }
    void parse(request, text, (error, body) => {
      if (error) return done(error);
      try {
        assertWholeCharacters(text);
        assertNoMemberTwice(text);
      } catch (fault) {
        return done(fault as Error);
      }
      done(null, body);
    });
  };
}

// A byte order mark stays, as the JSON parser expects it.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Without `fatal`, every byte that is not UTF-8 becomes U+FFFD: then many passwords are one password.
 *
 * @throws {TypeError} if the bytes are not UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** An escaped backslash, a whole pair of escapes, or (group 1) an escape that stands alone. */
const surrogateEscape =
  /\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F])/g;

/**
 * Half of a surrogate pair cannot be written as UTF-8. Whatever writes it later puts U+FFFD in its place.
 *
 * @throws {MalformedRequestError}
 */
export function assertWholeCharacters(json: string): void {
  for (const [, half] of json.matchAll(surrogateEscape)) {
    if (half !== undefined) {
      throw new MalformedRequestError('The JSON holds half of a surrogate pair, which is not a character.');
    }
  }
}

/** A string, with the colon that makes it the name of a member, or a bracket. */
const stringOrBracket = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g;

/** Of two members with one name, `JSON.parse` keeps the last; a filter before us may read the first. */
function assertNoMemberTwice(json: string): void {
  const names = new Set<string>();
  let depth = 0;
  for (const [text, string, colon] of json.matchAll(stringOrBracket)) {
    if (string === undefined) {
      depth += text === '{' || text === '[' ? 1 : -1;
    } else if (colon !== undefined && depth === 1) {
      const name = JSON.parse(string) as string;
      if (names.has(name)) throw new MalformedRequestError(`The JSON holds "${name}" twice.`);
      names.add(name);
    }
  }
}
