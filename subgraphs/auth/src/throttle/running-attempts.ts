/** Call it when an attempt is over. `isCleared`: the attempt is no longer counted. Only the first call has an effect. */
export type EndAttempt = (isCleared: boolean) => void;

/** The running attempts of this process, by the key that they are counted under. */
export type RunningAttempts = {
  begin(key: string): EndAttempt;
  /** True as soon as one attempt of the key is cleared; false when all ended uncleared, or too many others wait. */
  waitForCleared(key: string): Promise<boolean>;
};

type Running = { count: number; waiting: EndAttempt[] };

/** Nobody opens more tabs at once; further attempts are refused without a wait. */
const maxWaiting = 20;

export function createRunningAttempts(): RunningAttempts {
  const attempts = new Map<string, Running>();
  return {
    begin(key) {
      const running = attempts.get(key) ?? { count: 0, waiting: [] };
      attempts.set(key, running);
      running.count += 1;
      let isOver = false;
      return (isCleared) => {
        if (isOver) return;
        isOver = true;
        running.count -= 1;
        if (running.count === 0) attempts.delete(key);
        if (!isCleared && running.count > 0) return;
        for (const wake of running.waiting.splice(0)) wake(isCleared);
      };
    },
    async waitForCleared(key) {
      const running = attempts.get(key);
      if (!running || running.waiting.length >= maxWaiting) return false;
      return new Promise((resolve) => running.waiting.push(resolve));
    },
  };
}
