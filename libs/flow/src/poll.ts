import { createFaultLog } from './server-away.ts';

type PollOptions = {
  everyMs: number;
  /** Called with an error of the task; once for the same fault (createFaultLog), until a run succeeds or fails in another way. */
  onFault?: (error: Error) => void;
};

/**
 * Runs `task` again and again, `everyMs` after the last run has ended, so never two at a time. Does not keep the process alive.
 *
 * @returns the function that ends the polling. It aborts the task's signal, and resolves when a run under way has ended.
 */
export function poll(
  task: (signal: AbortSignal) => Promise<void>,
  { everyMs, onFault }: PollOptions,
): () => Promise<void> {
  const ending = new AbortController();
  const faults = createFaultLog({
    failing: (error) => onFault?.(error instanceof Error ? error : new Error(String(error))),
  });
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout;
  const run = async () => {
    try {
      await task(ending.signal);
      faults.worked();
    } catch (error) {
      if (!ending.signal.aborted) faults.failed(error);
    }
    if (!ending.signal.aborted) schedule();
  };
  const schedule = () => {
    timer = setTimeout(() => {
      running = run();
    }, everyMs).unref();
  };
  schedule();
  return async () => {
    ending.abort();
    clearTimeout(timer);
    await running;
  };
}
