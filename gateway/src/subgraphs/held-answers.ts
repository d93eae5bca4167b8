import type { GatewayConfig } from '../config.ts';

/** The answers of subgraphs do not fit into what a process may hold of them at once. */
export class NoRoomForAnswerError extends Error {
  override readonly name = 'NoRoomForAnswerError';

  constructor(maxBytes: number) {
    super(
      `has no room for this answer: the answers of subgraphs take at most ${maxBytes} bytes at once, twice MAX_ANSWER_BYTES, and those for one caller half of it at most (docs/limits.md)`,
    );
  }
}

/** What an operation holds before it needs room: so the answers of other callers can't keep a usual operation from its own. */
const freeBytes = 64 * 2 ** 10;
/** What a part of an answer takes beside its bytes, until the last part has come. A subgraph may send parts of one byte. */
export const bytesPerPart = 128;
/** What an object, a list, a field or an item takes in memory once it is read. V8 needs 8 (a number of a list) to 60 (objects with a key of their own each). */
export const bytesPerPlace = 32;

/** What all entrances of a process hold together. Twice as much as the clients of one: a client alone has room for an answer of half of those. */
export function createAnswerBudget({
  MAX_ANSWER_BYTES,
}: Pick<GatewayConfig, 'MAX_ANSWER_BYTES'>): AnswerBudget {
  return new AnswerBudget(2 * MAX_ANSWER_BYTES);
}

/** What a process holds of the answers of subgraphs, shared between callers. */
export class AnswerBudget {
  readonly maxBytes: number;
  readonly #heldBy = new Map<string, number>();
  #held = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#held;
  }

  /** False where the caller would hold more than is free afterwards, as in admission/shares.ts: alone it gets half. */
  take(caller: string, bytes: number): boolean {
    const own = (this.#heldBy.get(caller) ?? 0) + bytes;
    if (own > this.maxBytes - this.#held - bytes) return false;
    this.#held += bytes;
    this.#heldBy.set(caller, own);
    return true;
  }

  giveBack(caller: string, bytes: number): void {
    const own = (this.#heldBy.get(caller) ?? 0) - bytes;
    this.#held -= bytes;
    if (own > 0) this.#heldBy.set(caller, own);
    else this.#heldBy.delete(caller);
  }
}

/** What one operation holds, from the first byte of its first answer until its own answer has been put together. */
export class HeldAnswers {
  readonly #budget: AnswerBudget;
  readonly #caller: string;
  #bytes = 0;
  /** Of the budget. */
  #taken = 0;
  #hasEnded = false;

  constructor(budget: AnswerBudget, caller: string) {
    this.#budget = budget;
    this.#caller = caller;
  }

  /** Whether it holds more than is free. */
  get needsRoom(): boolean {
    return this.#bytes > freeBytes;
  }

  /** @returns an error where there is no room: then `remove` what the answer has added, this time included */
  add(bytes: number): NoRoomForAnswerError | undefined {
    this.#bytes += bytes;
    return this.needsRoom ? this.#take() : undefined;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    const surplus = this.#taken - (this.needsRoom ? this.#bytes : 0);
    if (surplus > 0) this.#giveBack(surplus);
  }

  /** Gives everything back, when the operation's own answer has been put together. A fetch that is still under way, or comes later, gets no room. */
  end(): void {
    this.#hasEnded = true;
    if (this.#taken > 0) this.#giveBack(this.#taken);
  }

  #take(): NoRoomForAnswerError | undefined {
    const missing = this.#bytes - this.#taken;
    if (this.#hasEnded || !this.#budget.take(this.#caller, missing)) {
      return new NoRoomForAnswerError(this.#budget.maxBytes);
    }
    this.#taken += missing;
    return undefined;
  }

  #giveBack(bytes: number): void {
    this.#taken -= bytes;
    this.#budget.giveBack(this.#caller, bytes);
  }
}

/**
 * What a field takes more, in places, whose key may be an index such as `"33"`: V8 keeps those of an object in a table of their own, of 200 to 300
 * bytes also for one. An escape may stand for a digit.
 */
const placesOfIndex = 8;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const opensOrParts = bytesOf('{[,:');
const beginsIndex = bytesOf('0123456789\\');

/** Counts the objects, lists, fields and items of a JSON text while it comes: a little more than there are, before any of it is read. */
export class PlaceCounter {
  #isInText = false;
  #isEscaped = false;
  /** Whether the last part ended with the quote that begins a text. */
  #hasJustBegun = false;
  /** Of the last text. */
  #mayBeIndex = 0;

  /** Those of the next part. */
  count(part: Uint8Array): number {
    let isInText = this.#isInText;
    let isEscaped = this.#isEscaped;
    let mayBeIndex = this.#hasJustBegun ? (beginsIndex[part[0] as number] ?? 0) : this.#mayBeIndex;
    if (part.length > 0) this.#hasJustBegun = false;
    let places = 0;
    for (let at = 0; at < part.length; at += 1) {
      const byte = part[at] as number;
      if (!isInText) {
        places += opensOrParts[byte] as number;
        if (byte === quote) {
          isInText = true;
          mayBeIndex = beginsIndex[part[at + 1] as number] ?? 0;
          this.#hasJustBegun = at === part.length - 1;
        } else if (byte === colon) places += mayBeIndex * placesOfIndex;
      } else if (isEscaped) isEscaped = false;
      else if (byte === backslash) isEscaped = true;
      else if (byte === quote) isInText = false;
    }
    this.#isInText = isInText;
    this.#isEscaped = isEscaped;
    this.#mayBeIndex = mayBeIndex;
    return places;
  }
}

/** By byte: 1 for these characters. */
function bytesOf(characters: string): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    Number(characters.includes(String.fromCharCode(byte))),
  );
}
