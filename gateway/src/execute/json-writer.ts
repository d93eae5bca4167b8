import { AnswerTooLargeError } from './answer-size.ts';

/** How many bytes stay from one text to the next. */
const keptBytes = 256 * 1024;
/** Beyond this length the engine's own writer is faster. */
const maxPlainLength = 64;

const kept = Buffer.allocUnsafeSlow(keptBytes);
let bytes = kept;
let end = 0;
let maxBytes = Number.POSITIVE_INFINITY;
let isAscii = true;

/*
 * Writes one JSON text after another into the same bytes: texts put together by `+` are an object for each part, and the collector's work
 * was the largest part of a large answer's. There is one writer, since nothing waits while a text is written.
 */

/**
 * Begins a text. What was written since the last one was begun is dropped.
 *
 * @param most bytes. Where the text becomes longer, what writes or takes it throws AnswerTooLargeError.
 */
export function beginText(most: number): void {
  maxBytes = most;
  bytes = kept;
  end = 0;
  isAscii = true;
}

/** Returns what was written since `beginText`. */
export function takeText(): string {
  assertSize();
  const text = bytes.toString(isAscii ? 'latin1' : 'utf8', 0, end);
  bytes = kept;
  return text;
}

/** Writes ASCII as it is. */
export function writeAscii(text: string): void {
  const { length } = text;
  const to = roomFor(length);
  const from = end;
  for (let index = 0; index < length; index += 1) to[from + index] = text.charCodeAt(index);
  end = from + length;
}

/** Writes JSON as it is. */
export function writeJson(text: string): void {
  // A character is at most three bytes of UTF-8.
  const written = roomFor(text.length * 3).write(text, end, 'utf8');
  if (written !== text.length) isAscii = false;
  end += written;
}

/** Writes a text as JSON. */
export function writeQuoted(text: string): void {
  const { length } = text;
  if (length > maxPlainLength) {
    writeJson(JSON.stringify(text));
    return;
  }
  const to = roomFor(length + 2);
  let place = end;
  to[place] = quote;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < space || code > tilde || code === quote || code === backslash) {
      writeJson(JSON.stringify(text));
      return;
    }
    place += 1;
    to[place] = code;
  }
  to[place + 1] = quote;
  end = place + 2;
}

const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const tilde = 0x7e;

function roomFor(added: number): Buffer {
  if (end + added <= bytes.length) return bytes;
  assertSize();
  const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, end + added));
  bytes.copy(larger, 0, 0, end);
  bytes = larger;
  return larger;
}

function assertSize(): void {
  if (end <= maxBytes) return;
  bytes = kept;
  throw new AnswerTooLargeError(maxBytes);
}
