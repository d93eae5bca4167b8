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
  const parse = createTextParser(server);
  return (request, bytes, done) => {
    let text: string;
    try {
      text = decodeUtf8(bytes);
    } catch {
      return done(new MalformedRequestError('The body is not UTF-8.'));
    }
    parse(request, text, done);
  };
}

/**
 * The same reader, for bytes that no request of Fastify's brought.
 *
 * @returns throws what `createJsonReader` gives as a fault
 */
export function createPlainJsonReader(server: FastifyInstance): (bytes: Buffer) => unknown {
  const parse = server.getDefaultJsonParser('error', 'error');
  return (bytes) => {
    const text = decodeUtf8(bytes);
    let result: unknown;
    // It calls back before it returns, and looks at no request.
    void parse(undefined as never, text, (error, value) => {
      if (error) throw error;
      result = value;
    });
    assertOneMeaning(text);
    return result;
  };
}

/**
 * The same reader, for a server without Fastify.
 *
 * @throws {MalformedRequestError} for whatever `createJsonReader` gives as a fault
 */
export function readJson(bytes: Uint8Array): unknown {
  try {
    const text = decodeUtf8(bytes).replace(/^\ufeff/, '');
    const value: unknown = JSON.parse(text);
    // An escape can spell any letter of a name.
    if (/__proto__|constructor|\\u/.test(text)) assertNoPrototype(value);
    assertOneMeaning(text);
    return value;
  } catch (error) {
    throw error instanceof MalformedRequestError ? error : new MalformedRequestError(malformedText);
  }
}

const malformedText = 'The body is not JSON in UTF-8.';

/** @throws {MalformedRequestError} */
function assertNoPrototype(value: unknown): void {
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    const hidden = Object.hasOwn(next, 'constructor') && (next as { constructor: unknown }).constructor;
    if (Object.hasOwn(next, '__proto__') || (hidden && Object.hasOwn(hidden as object, 'prototype'))) {
      throw new MalformedRequestError(malformedText);
    }
    for (const value of Object.values(next)) left.push(value);
  }
}

/** Creates the reader of JSON that is text already, such as a parameter of a URL. It follows the same rules. */
export function createTextParser(server: FastifyInstance) {
  const parse = server.getDefaultJsonParser('error', 'error');
  return (request: FastifyRequest, text: string, done: Parameters<JsonReader>[2]): void => {
    void parse(request, text, (error, value) => {
      if (error) return done(error);
      try {
        assertOneMeaning(text);
      } catch (fault) {
        return done(fault as Error);
      }
      done(null, value);
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

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const isOpening = (code: number) => code === 0x7b || code === 0x5b;
const isClosing = (code: number) => code === 0x7d || code === 0x5d;
const isSpace = (code: number) => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/**
 * Checks what `JSON.parse` accepts and two readers may understand differently. Half of a surrogate pair cannot be written as UTF-8:
 * whatever writes it later puts U+FFFD in its place. Of two members with one name, `JSON.parse` keeps the last; a filter before us may read
 * the first. A loop over the characters: with regular expressions it cost several times what the parser does.
 *
 * @param json a text that `JSON.parse` accepts.
 * @throws {MalformedRequestError}
 */
function assertOneMeaning(json: string): void {
  const names = new Set<string>();
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (isOpening(code)) depth += 1;
    else if (isClosing(code)) depth -= 1;
    else if (code === quote) {
      const end = findEnd(json, at);
      if (depth === 1 && isName(json, end)) {
        const name = JSON.parse(json.slice(at, end)) as string;
        if (names.has(name)) throw new MalformedRequestError(`The JSON holds "${name}" twice.`);
        names.add(name);
      }
      at = end - 1;
    }
  }
}

/** The place behind the string that begins at `start`. */
function findEnd(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code !== backslash) continue;
    const unit = readEscapedUnit(json, at);
    if (unit >= 0xd800 && unit <= 0xdfff) {
      const next = readEscapedUnit(json, at + 6);
      if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff) {
        throw new MalformedRequestError('The JSON holds half of a surrogate pair, which is not a character.');
      }
      at += 6;
    }
    // The second of the two may be a quote or a backslash.
    at += 1;
  }
  return json.length;
}

/** The value of `\uXXXX` at this place; -1 if there is something else. */
function readEscapedUnit(json: string, at: number): number {
  return json.startsWith('\\u', at) ? Number.parseInt(json.slice(at + 2, at + 6), 16) : -1;
}

/** Whether a colon follows, which makes a string the name of a member. */
function isName(json: string, end: number): boolean {
  let at = end;
  while (isSpace(json.charCodeAt(at))) at += 1;
  return json.charCodeAt(at) === colon;
}
