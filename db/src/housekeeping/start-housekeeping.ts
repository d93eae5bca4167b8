import { type HousekeepingOptions, runHousekeeping } from './run-housekeeping.ts';

type Log = { info(fields: object, message: string): void; warn(fields: object, message: string): void };
type StartOptions = Omit<HousekeepingOptions, 'signal'> & {
  log: Log;
  everyMs?: number;
  random?: () => number;
};

const hourMs = 3_600_000;

/**
 * Runs the jobs about once an hour: at a random moment of each, so that the replicas of a process, started together, do not
 * all come at once. `stop` ends after the statement that runs.
 */
export function startHousekeeping(options: StartOptions): { stop(): Promise<void> } {
  const { log, name, everyMs = hourMs, random = Math.random } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  const run = async () => {
    try {
      const counts = await runHousekeeping({ ...options, signal: stopping.signal });
      if (counts) log.info({ housekeeping: name, ...counts }, 'expired rows deleted');
    } catch (err) {
      log.warn({ err, housekeeping: name }, 'expired rows were not all deleted; next time');
    }
  };
  const schedule = () => {
    timer = setTimeout(
      () => {
        running = run().finally(() => {
          running = undefined;
          if (!stopping.signal.aborted) schedule();
        });
      },
      everyMs * (0.5 + random()),
    ).unref();
  };
  schedule();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
