/**
 * Runs a task once for all who ask for the same key while it runs. Who joined and got an outcome that says nothing of the
 * task itself (`isOwn` is false), but of whoever started it, asks once more for itself.
 */
export function createSingleFlight<T>(isOwn: (outcome: T) => boolean) {
  const flights = new Map<string, Promise<T>>();
  const start = (key: string, task: () => Promise<T>) => {
    const flight = task().finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };
  return async (key: string, task: () => Promise<T>): Promise<T> => {
    const joined = flights.get(key);
    if (!joined) {
      return start(key, task);
    }
    const outcome = await joined;
    return isOwn(outcome) ? outcome : (flights.get(key) ?? start(key, task));
  };
}
