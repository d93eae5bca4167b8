import { addSeconds } from '../dates.ts';

/** A session refreshes once a second, and up to so many times at once: tabs of a browser that wakes up. */
export const refreshPace = { intervalSeconds: 1, atOnce: 60 };

/**
 * Counts one refresh of a session against its pace (a leaky bucket as the generic cell rate algorithm has it).
 *
 * @param pacedAt until when the refreshes so far have used up the pace; null where there was none.
 * @returns the same after this refresh, or how long the client must wait.
 */
export function paceRefresh(
  pacedAt: Date | null,
  now: Date,
): { pacedAt: Date; waitSeconds?: undefined } | { waitSeconds: number } {
  const { intervalSeconds, atOnce } = refreshPace;
  const aheadSeconds = pacedAt ? Math.max(0, (pacedAt.getTime() - now.getTime()) / 1000) : 0;
  // No refresh leads further ahead than this: the clock was set back.
  const isPossible = aheadSeconds <= (atOnce + 1) * intervalSeconds;
  const usedSeconds = isPossible ? aheadSeconds : 0;
  const waitSeconds = Math.ceil(usedSeconds - (atOnce - 1) * intervalSeconds);
  return waitSeconds > 0 ? { waitSeconds } : { pacedAt: addSeconds(now, usedSeconds + intervalSeconds) };
}
