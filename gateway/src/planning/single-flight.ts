export type SingleFlightOptions<T> = {
  /** Whether an outcome says something of the task itself, and not only of the caller for whom it was run. */
  isOwn(outcome: T): boolean;
  /** How long a caller waits for what was started for another, before it is run for this caller as well. */
  patienceMs?: number;
  /** For how many callers at most it is run at the same time. */
  maxCallers?: number;
};

type Flight<T> = {
  /** Those for whom the task was run. */
  callers: Set<string>;
  running: number;
  outcome: Promise<T>;
  resolve(outcome: T): void;
  reject(error: unknown): void;
};

/** A task rarely takes longer when it has its turn. */
const defaultPatienceMs = 250;
/** Each runs it for nothing where another was only a little faster. */
const defaultMaxCallers = 20;

/**
 * Runs a task once for all who ask for the same key while it runs. Whoever started it may have to wait for its turn for long, by
 * its own doing: the others do not wait with it, but have the task run in turns of their own. The first outcome is
 * everybody's.
 */
export function createSingleFlight<T>(options: SingleFlightOptions<T>) {
  const { isOwn, patienceMs = defaultPatienceMs, maxCallers = defaultMaxCallers } = options;
  const flights = new Map<string, Flight<T>>();

  const run = async (key: string, flight: Flight<T>, caller: string, task: () => Promise<T>) => {
    flight.callers.add(caller);
    flight.running += 1;
    const end = () => flights.get(key) === flight && flights.delete(key);
    try {
      const outcome = await task();
      flight.running -= 1;
      if (!isOwn(outcome) && flight.running > 0) return;
      end();
      flight.resolve(outcome);
    } catch (error) {
      flight.running -= 1;
      end();
      flight.reject(error);
    }
  };
  const share = async (key: string, caller: string, task: () => Promise<T>): Promise<T> => {
    const joined = flights.get(key);
    if (!joined) {
      const { promise: outcome, resolve, reject } = Promise.withResolvers<T>();
      const flight = { callers: new Set<string>(), running: 0, outcome, resolve, reject };
      flights.set(key, flight);
      void run(key, flight, caller, task);
      return outcome;
    }
    const timer = setTimeout(() => {
      const isOpen = flights.get(key) === joined && joined.callers.size < maxCallers;
      if (isOpen && !joined.callers.has(caller)) void run(key, joined, caller, task);
    }, patienceMs);
    const outcome = await joined.outcome.finally(() => clearTimeout(timer));
    // What only says that others had no room is no answer to somebody who has not been in line yet.
    return isOwn(outcome) || joined.callers.has(caller) ? outcome : share(key, caller, task);
  };
  return share;
}
