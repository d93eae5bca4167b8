import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** As `nice -n 5`: what else wants the processor comes first, and yet hashing is not starved by busy neighbours. */
const niceness = 5;

/**
 * Lowers the priority of the thread that calls it, and of no other (Linux; elsewhere nothing happens). Then as many threads
 * can hash as there are processors, and queries still answer at once.
 */
export function lowerThreadPriority(): void {
  try {
    // `<pid>/task/<tid>`, as this process sees its own ids. On Linux a priority belongs to a thread.
    const threadId = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(threadId, niceness);
  } catch {
    // Another system, or one that forbids it: the threads then compete with the rest.
  }
}
