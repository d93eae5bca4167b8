import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { bytesPerPart, bytesPerPlace, type HeldAnswers, PlaceCounter } from './held-answers.ts';

export type RawAnswer = { statusCode: number; headers: IncomingHttpHeaders; body: Buffer };

/** No part of an answer came. A query can be sent again, since it can only have read. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Exchanges under way with one address. Their time is watched here: a timer for each would cost more than the rest of an exchange. */
export type Exchanges = {
  /**
   * Begins an exchange that ends after `timeoutMs`, with or without an answer. Hand it to undici's `dispatch`.
   *
   * @param held counts the answer, and may refuse it. What is held of one that came stays held.
   */
  begin(timeoutMs: number, held?: HeldAnswers): Exchange;
};

/** How late an exchange may learn that its time is up. */
const lookEveryMs = 20;
/** An exchange that has no answer after this time is a reason to check whether the subgraph is alive. */
const doubtAfterMs = 2000;
const lostConnection = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** `onDoubt` is called once for each exchange that waits for long. */
export function createExchanges(onDoubt: () => void): Exchanges {
  const underWay = new UnderWay();
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    if (underWay.length === 0) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    const now = performance.now();
    for (const exchange of underWay.list()) {
      if (now >= exchange.deadline) exchange.expire();
      else if (now >= exchange.doubtAt) {
        exchange.doubtAt = Number.POSITIVE_INFINITY;
        onDoubt();
      }
    }
  };
  return {
    begin(timeoutMs, held) {
      const exchange = new Exchange(underWay, timeoutMs, held);
      underWay.add(exchange);
      timer ??= setInterval(look, lookEveryMs);
      return exchange;
    },
  };
}

/**
 * Exchanges in any order. In place of a Set: that one makes a new table every some dozen changes, and V8 links each table to the next. Once
 * one of them has come into the old generation, it keeps all later ones alive until that is collected, and with them every exchange that
 * they held: a tenth of all that the gateway allocates.
 */
class UnderWay {
  readonly #exchanges: (Exchange | undefined)[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A copy, since an exchange that ends leaves at once. */
  list(): Exchange[] {
    return this.#exchanges.slice(0, this.#length) as Exchange[];
  }

  add(exchange: Exchange): void {
    exchange.place = this.#length;
    this.#exchanges[this.#length] = exchange;
    this.#length += 1;
  }

  /** The last one takes the place. */
  delete(exchange: Exchange): void {
    const { place } = exchange;
    if (this.#exchanges[place] !== exchange) return;
    this.#length -= 1;
    const last = this.#exchanges[this.#length] as Exchange;
    last.place = place;
    this.#exchanges[place] = last;
    this.#exchanges[this.#length] = undefined;
  }
}

/** One request and its answer, as undici reports it. undici calls everything but `answer` and `expire`. */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Rejects with NoAnswerError when the connection failed before any part of an answer came. */
  readonly answer: Promise<RawAnswer>;
  /** By `performance.now()`. */
  readonly deadline: number;
  /** When it has waited for long. Never, once an answer has begun. */
  doubtAt: number;
  /** Among those under way. */
  place = 0;
  readonly #underWay: UnderWay;
  readonly #timeoutMs: number;
  readonly #held: HeldAnswers | undefined;
  /** What `#held` counts for this answer. */
  #heldBytes = 0;
  /** Undefined while the operation holds little. */
  #places: PlaceCounter | undefined;
  /** The chunks that it has counted. */
  #counted = 0;
  readonly #chunks: Buffer[] = [];
  #resolve!: (answer: RawAnswer) => void;
  #reject!: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #statusCode = 0;
  #headers: IncomingHttpHeaders = {};
  #hasEnded = false;

  constructor(underWay: UnderWay, timeoutMs: number, held: HeldAnswers | undefined) {
    const now = performance.now();
    this.#underWay = underWay;
    this.#timeoutMs = timeoutMs;
    this.#held = held;
    this.deadline = now + timeoutMs;
    this.doubtAt = now + doubtAfterMs;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Ends it without an answer. What is under way on its connection ends with it. */
  expire(): void {
    const error = new Error(`no answer within ${Math.round(this.#timeoutMs)} ms`);
    this.#fail(error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It may have waited for a connection until its time was up.
    if (this.#hasEnded) controller.abort(new Error('the time was up before a connection was there'));
    else this.#controller = controller;
  }

  onResponseStart(_: unknown, statusCode: number, headers: IncomingHttpHeaders): void {
    if (statusCode < 200) return;
    this.#statusCode = statusCode;
    this.#headers = headers;
    this.doubtAt = Number.POSITIVE_INFINITY;
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#chunks.push(this.#chunks.length === 0 ? chunk : withoutSurroundings(chunk));
    const error = this.#held && this.#hold(this.#held, chunk);
    if (!error) return;
    this.#fail(error);
    this.#controller?.abort(error);
  }

  onResponseEnd(): void {
    if (this.#hasEnded) return;
    this.#end();
    const [first] = this.#chunks;
    const body = first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#resolve({ statusCode: this.#statusCode, headers: this.#headers, body });
  }

  onResponseError(_: unknown, error: Error): void {
    const { code = '' } = error as NodeJS.ErrnoException;
    this.#fail(
      this.#statusCode === 0 && lostConnection.has(code)
        ? new NoAnswerError('The connection failed before any answer.', { cause: error })
        : error,
    );
  }

  #hold(held: HeldAnswers, chunk: Buffer): Error | undefined {
    this.#heldBytes += chunk.length + bytesPerPart;
    const error = held.add(chunk.length + bytesPerPart);
    if (error || !held.needsRoom) return error;
    this.#places ??= new PlaceCounter();
    let places = 0;
    // Also those that came while the operation held little.
    for (; this.#counted < this.#chunks.length; this.#counted += 1) {
      places += this.#places.count(this.#chunks[this.#counted] as Buffer);
    }
    this.#heldBytes += places * bytesPerPlace;
    return held.add(places * bytesPerPlace);
  }

  #fail(error: Error): void {
    this.#end();
    this.#held?.remove(this.#heldBytes);
    this.#heldBytes = 0;
    // undici may keep this object for longer.
    this.#chunks.length = 0;
    this.#reject(error);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#underWay.delete(this);
  }
}

/**
 * A part of an answer is a view of what was read from the connection, up to 64 KiB, and keeps all of that. Between two parts of a byte a
 * subgraph may send as much as it likes that is none of the answer: extensions of chunks (RFC 9112, section 7.1.1).
 */
function withoutSurroundings(part: Buffer): Buffer {
  return 2 * part.length < part.buffer.byteLength ? Buffer.from(part) : part;
}
