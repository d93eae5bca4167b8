import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import {
  hashPassword,
  isOfScheme,
  noPepperId,
  type PasswordHash,
  type PasswordScheme,
  type Pepper,
  verifyPassword,
} from '@signet/db/password-hash';
import { workerData } from 'piscina';
import { createEvenTime } from './even-time.ts';

export type PasswordJob =
  | { kind: 'hash'; password: string; scheme: PasswordScheme }
  | { kind: 'verify'; password: string; stored: PasswordHash };

/** The first pepper goes into new hashes. `scheme`: what a compare takes the time of. */
export type PasswordWorkerData = { peppers: readonly [Pepper, ...Pepper[]]; scheme: PasswordScheme };

// piscina tries `require` first, in which a thread that is stopped while it loads takes the whole process along (a failed assertion in Node
// 24.21). A module that awaits is refused by `require` before that, and piscina goes on with `import`.
await undefined;

/** As `nice -n 5`: other work comes first, and yet busy neighbours do not starve hashing. */
const niceness = 5;
const { peppers, scheme } = workerData as PasswordWorkerData;
lowerThreadPriority();
const evenTime = createEvenTime(scheme);

/** Runs in a thread of its own: both kinds take some 0.35 s of CPU. */
export default function runPasswordJob(job: PasswordJob): PasswordHash | boolean {
  return job.kind === 'hash'
    ? hashPassword(job.password, peppers[0], job.scheme)
    : verify(job.password, job.stored);
}

function verify(password: string, { hash, pepperId }: PasswordHash): boolean {
  const pepper = peppers.find(({ id }) => id === pepperId);
  // A hash of a pepper that is not here equals no password, and must not be compared as if it had none.
  const compare = () => (pepper || pepperId === noPepperId) && verifyPassword(password, hash, pepper);
  return evenTime.take(compare, isOfScheme(hash, scheme)) === true;
}

/**
 * Lowers the priority of the calling thread only (on Linux; elsewhere it does nothing). So every processor can hash, and
 * queries still answer at once.
 */
function lowerThreadPriority(): void {
  try {
    // `<pid>/task/<tid>`, in this process's own namespace. On Linux a priority belongs to a thread.
    const threadId = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(threadId, niceness);
  } catch {
    // Another system, or one that forbids it: the threads then compete with other work.
  }
}
