import { RefusalError } from '@signet/service';
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

/** Runs the attempt itself. Only a refusal of the credentials leaves it counted as a failure. */
export async function runAttempt<T>(attempt: Attempt, fn: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await fn();
  } catch (error) {
    const end = isWrongCredential(error) ? attempt.fail() : attempt.cancel();
    await end.catch(() => {}); // The first error is the one to report.
    throw error;
  }
  // What `fn` did is committed: a counter that can't be cleared must not take its answer away.
  await attempt.succeed().catch(() => {});
  return result;
}

function isWrongCredential(error: unknown): boolean {
  return (
    error instanceof RefusalError &&
    (error.reason === 'auth.failure.invalid_credentials' || error.code === 'BAD_USER_INPUT')
  );
}
