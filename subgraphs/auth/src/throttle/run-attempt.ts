import { RefusalError } from '@signet/service';
import type { Attempt } from './sign-in-throttle.ts';

/** Runs what an attempt is about. Only a refusal of the credentials themselves leaves it counted as a failure. */
export async function runAttempt<T>(attempt: Attempt, fn: () => Promise<T>): Promise<T> {
  try {
    const result = await fn();
    await attempt.succeed();
    return result;
  } catch (error) {
    const end = isWrongCredential(error) ? attempt.fail() : attempt.cancel();
    await end.catch(() => {}); // What went wrong first is what matters.
    throw error;
  }
}

function isWrongCredential(error: unknown): boolean {
  return (
    error instanceof RefusalError &&
    (error.reason === 'auth.failure.invalid_credentials' || error.code === 'BAD_USER_INPUT')
  );
}
