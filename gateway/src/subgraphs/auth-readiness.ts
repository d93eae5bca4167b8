import type { ReadinessCheck } from '@signet/service';

/** How old an answer of auth's may be: load balancers and monitors ask often, each replica of each. */
const maxAgeMs = 1000;
const answerMs = 1500;
/** A restart of auth is shorter than this. */
const patienceMs = 5000;

/**
 * Whether auth can serve. Without it nobody signs in or refreshes, and everything else goes on: so a gateway is degraded then and
 * not out of service. Otherwise a fault of auth, or a flood of sign-ins, would close the whole entrance.
 */
export function createAuthReadiness(
  platform: string,
  url: string,
  now: () => number = () => performance.now(),
): ReadinessCheck {
  let askedAt = Number.NEGATIVE_INFINITY;
  let asked: Promise<boolean> = Promise.resolve(true);
  let failingSince: number | undefined;
  return {
    name: `auth for ${platform}`,
    check: () => undefined,
    async findLack() {
      if (now() - askedAt > maxAgeMs) {
        askedAt = now();
        asked = isReady(url);
      }
      if (await asked) {
        failingSince = undefined;
        return undefined;
      }
      failingSince ??= now();
      return now() - failingSince >= patienceMs ? 'is not ready: nobody signs in or refreshes' : undefined;
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(new URL('health/ready', url), { signal: AbortSignal.timeout(answerMs) });
    await answer.body?.cancel();
    // A subgraph of another make may not know the path.
    return answer.ok || answer.status === 404;
  } catch {
    return false;
  }
}
