import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { hashPassword, type PasswordHash, type Pepper, verifyPassword } from '@signet/db/password-hash';
import { workerData } from 'piscina';

export type PasswordJob =
  | { kind: 'hash'; password: string }
  | { kind: 'verify'; password: string; hash: string };

/** `cost` is bcrypt's, of new hashes. */
export type PasswordWorkerData = { pepper: Pepper; cost: number };

/** As `nice -n 5`: other work comes first, and yet busy neighbours do not starve hashing. */
const niceness = 5;
const { pepper, cost } = workerData as PasswordWorkerData;
lowerThreadPriority();

/** Runs in a thread of its own: both kinds take 0.35 s of CPU. */
export default function runPasswordJob(job: PasswordJob): PasswordHash | boolean {
  return job.kind === 'hash'
    ? hashPassword(job.password, pepper, cost)
    : verifyPassword(job.password, job.hash, pepper);
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
