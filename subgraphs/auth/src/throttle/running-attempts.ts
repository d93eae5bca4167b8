import { RefusalError } from '@signet/service';

/** To be called when an attempt is over: whether it was none that stays counted. Only the first call counts. */
export type EndAttempt = (isCleared: boolean) => void;

/** The attempts that this process is at, by what they are counted under. */
export type RunningAttempts = {
  begin(key: string): EndAttempt;
  /** True as soon as one of the key is cleared; false when all are over and none was, or enough others wait. */
  waitForCleared(key: string): Promise<boolean>;
};

type Running = { count: number; waiting: EndAttempt[] };

/** More tabs than that open at once for nobody; who sends more is refused as before. */
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

/**
 * `start` counts an attempt; undefined or a refusal: it came too soon. Whoever signs in from many tabs at once is counted until
 * the first answer: what comes too soon waits for that, since a success clears the count. It gives no guess more: who waited is
 * let through by the same count as anybody else.
 */
export async function startOrWait<T>(
  running: RunningAttempts,
  key: string,
  start: (end: EndAttempt) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (;;) {
    const end = running.begin(key);
    let refusal: unknown;
    try {
      const started = await start(end);
      if (started !== undefined) return started;
    } catch (error) {
      refusal = error;
    }
    end(false);
    const mayWait = refusal === undefined || refusal instanceof RefusalError;
    if (mayWait && (await running.waitForCleared(key))) continue;
    if (refusal === undefined) return undefined;
    throw refusal;
  }
}
