import { setTimeout as sleep } from 'node:timers/promises';

/** 40001 serialization_failure, 40P01 deadlock_detected: PostgreSQL has undone the transaction, and it can be run again. */
const conflicts = new Set(['40001', '40P01']);
const attempts = 4;
const pauseMs = 20;

/** Runs a transaction again that PostgreSQL undid in favour of another one: up to three times, after a random pause. */
export async function retryConflicts<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === attempts || !isConflict(error)) throw error;
      // Two that met once must not meet again.
      await sleep(Math.random() * pauseMs * attempt);
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && conflicts.has(String((error as { code?: unknown }).code));
}
