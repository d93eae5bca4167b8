import { hashPassword, type PasswordHash, type Pepper, verifyPassword } from '@signet/db/password-hash';
import { workerData } from 'piscina';
import { lowerThreadPriority } from './password-thread.ts';

export type PasswordJob =
  | { kind: 'hash'; password: string }
  | { kind: 'verify'; password: string; hash: string };

const pepper = workerData as Pepper;
lowerThreadPriority();

/** Runs in a thread of its own: either kind takes 0.35 s of CPU. */
export default function runPasswordJob(job: PasswordJob): PasswordHash | boolean {
  return job.kind === 'hash'
    ? hashPassword(job.password, pepper)
    : verifyPassword(job.password, job.hash, pepper);
}
