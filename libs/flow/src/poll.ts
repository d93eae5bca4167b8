type PollOptions = {
  everyMs: number;
  /** Called with an error of the task; once for the same message, until a run succeeds or fails in another way. */
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
  let lastFault: string | undefined;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout;
  const run = async () => {
    try {
      await task(ending.signal);
      lastFault = undefined;
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error));
      if (!ending.signal.aborted && fault.message !== lastFault) onFault?.(fault);
      lastFault = fault.message;
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
