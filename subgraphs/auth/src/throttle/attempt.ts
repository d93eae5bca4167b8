import type { EndAttempt } from './running-attempts.ts';

/** An attempt that may go on. It counts as a failure until it succeeds or is cancelled. */
export type Attempt = {
  succeed(): Promise<void>;
  /** The credentials were wrong. */
  fail(): Promise<void>;
  /** No password was compared: the database was down, or the thread. */
  cancel(): Promise<void>;
};

/** Ends a running attempt as cleared, whatever becomes of the changes. */
export async function clear(end: EndAttempt, changes: readonly Promise<unknown>[]): Promise<void> {
  try {
    await Promise.all(changes);
  } finally {
    end(true);
  }
}

/** Runs the attempt itself. From `markWrong` on it counts as a failure, whatever becomes of it: a failed write must not give a guess back. */
export async function runAttempt<T>(attempt: Attempt, fn: (markWrong: () => void) => Promise<T>): Promise<T> {
  let isWrong = false;
  let result: T;
  try {
    result = await fn(() => {
      isWrong = true;
    });
  } catch (error) {
    const end = isWrong ? attempt.fail() : attempt.cancel();
    await end.catch(() => {}); // The first error is the one to report.
    throw error;
  }
  // What `fn` did is committed: a counter that can't be cleared must not take its answer away.
  await attempt.succeed().catch(() => {});
  return result;
}
