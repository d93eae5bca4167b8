/** Stands in the place of an event: the field of the subscription throws `refusal`, so that the client learns why it ends. */
export class Ended {
  readonly refusal: unknown;
  constructor(refusal: unknown) {
    this.refusal = refusal;
  }
}

/** How often it is asked whether the caller still has access. A revocation takes effect within a second elsewhere too. */
const checkIntervalMs = 1000;

/**
 * The events of a subscription for as long as its caller would still be let in. `assertCurrent` is asked before each event, and between events once
 * a second. When it rejects, the last event is an `Ended`, and the source is told to stop.
 *
 * @param assertCurrent rejects where a request with the same token would be refused now
 */
export function endWithToken(
  source: AsyncIterable<unknown>,
  assertCurrent: () => Promise<unknown>,
): AsyncIterableIterator<unknown> {
  type Result = IteratorResult<unknown>;
  const events = source[Symbol.asyncIterator]();
  const waiting = new Set<(result: Result) => void>();
  const over: Result = { done: true, value: undefined };
  let isOver = false;
  let last: Ended | undefined;

  const finish = () => {
    isOver = true;
    clearInterval(timer);
    for (const resolve of waiting) resolve(takeLast());
    waiting.clear();
  };
  const takeLast = (): Result => {
    const value = last;
    last = undefined;
    return value ? { done: false, value } : over;
  };
  const end = (refusal: unknown) => {
    if (isOver) return;
    last = new Ended(refusal);
    finish();
    // A generator that waits for its next event answers only after that.
    void Promise.resolve(events.return?.()).catch(() => {});
  };
  const timer = setInterval(() => void assertCurrent().catch(end), checkIntervalMs);
  timer.unref();

  const readNext = async (): Promise<Result> => {
    const result = await events.next();
    if (result.done) finish();
    else await assertCurrent().catch(end);
    return isOver ? takeLast() : result;
  };
  return {
    async next() {
      if (isOver) return takeLast();
      return new Promise<Result>((resolve, reject) => {
        waiting.add(resolve);
        const settle = (act: () => void) => {
          if (waiting.delete(resolve)) act();
        };
        readNext().then(
          (result) => settle(() => resolve(result)),
          (error) => {
            settle(() => reject(error));
            finish();
          },
        );
      });
    },
    async return(value) {
      finish();
      return (await events.return?.(value)) ?? { done: true, value };
    },
    async throw(error) {
      finish();
      if (events.throw) return events.throw(error);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
