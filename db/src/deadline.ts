import { AsyncLocalStorage } from 'node:async_hooks';

/** By `performance.now()`; it goes with a request through all that it awaits, and with no other. */
const deadlines = new AsyncLocalStorage<number>();

/** The time of a request is up before its query began. */
export class OutOfTimeError extends Error {
  override readonly name = 'OutOfTimeError';
}

/** Runs what serves a request. What it asks in `inTenant` ends when nobody waits for the answer any more. */
export function untilDeadline<T>(deadline: number, fn: () => T): T {
  return deadlines.run(deadline, fn);
}

/**
 * Milliseconds of the request that this runs for, whole and at least 1; undefined where it runs for none.
 *
 * @throws {OutOfTimeError} when there are none
 */
export function findTimeLeftMs(): number | undefined {
  const deadline = deadlines.getStore();
  if (deadline === undefined) return undefined;
  const left = deadline - performance.now();
  if (left <= 0) throw new OutOfTimeError('The time of the request is up.');
  return Math.ceil(left);
}
