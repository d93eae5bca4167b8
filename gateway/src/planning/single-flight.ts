export type SingleFlightOptions<T> = {
  /** Whether an outcome is about the task itself, not only about the caller for which it ran. */
  isOwn(outcome: T): boolean;
  /** How long a caller waits for a task that was started for another, before it runs for this caller as well. */
  patienceMs?: number;
  /** The most callers for which it runs at the same time. */
  maxCallers?: number;
};

type Flight<T> = {
  /** The callers for which the task was started. */
  callers: Set<string>;
  running: number;
  outcome: Promise<T>;
  resolve(outcome: T): void;
  reject(error: unknown): void;
};

/** A task that has its turn rarely takes longer. */
const defaultPatienceMs = 250;
/** Each further run is wasted where another was only a little faster. */
const defaultMaxCallers = 20;

/**
 * Runs a task once for all callers that ask for the same key while it runs. The caller that started it may wait long
 * for its turn, because of its own other operations. So the others do not wait with it: the task also runs in turns of
 * their own. The first outcome is the outcome for all.
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
    // An outcome that only says that others had no room is no answer for a caller that has not waited in line itself.
    return isOwn(outcome) || joined.callers.has(caller) ? outcome : share(key, caller, task);
  };
  return share;
}
