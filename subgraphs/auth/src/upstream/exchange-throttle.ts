import { readClientPrefix } from '@signet/flow';
import { createNetworkFailures, createTokenBuckets } from '../throttle/token-buckets.ts';

/**
 * How often the codes of callbacks are exchanged. Anybody can begin a sign-in and come back with a code that the provider never gave: each costs
 * a request to the provider, which may be slow, or count it against us.
 */
export type ExchangeThrottle = {
  /**
   * A place for one exchange. Undefined where the network has failed too often, or too much is under way at the provider: no network holds
   * more places than are free. `isFailed`: the provider did not take the code.
   */
  begin(
    provider: string,
    address: string | undefined,
  ): { end(outcome: { isFailed: boolean }): void } | undefined;
};

/** Exchanges under way at one provider, of this process. */
const places = 32;

/** @param now milliseconds of a monotonic clock. */
export function createExchangeThrottle(now: () => number = () => performance.now()): ExchangeThrottle {
  const failures = createNetworkFailures(createTokenBuckets(now));
  /** By provider, and in it by site. */
  const held = new Map<string, Map<string, number>>();
  return {
    begin(provider, address) {
      if (!failures.mayTry(address)) return undefined;
      const { site } = readClientPrefix(address ?? null);
      const bySite = held.get(provider) ?? new Map<string, number>();
      held.set(provider, bySite);
      const taken = [...bySite.values()].reduce((sum, count) => sum + count, 0);
      const own = bySite.get(site) ?? 0;
      if (own >= places - taken) return undefined;
      bySite.set(site, own + 1);
      return {
        end({ isFailed }) {
          if (isFailed) failures.note(address);
          const left = (bySite.get(site) ?? 1) - 1;
          if (left > 0) bySite.set(site, left);
          else bySite.delete(site);
        },
      };
    },
  };
}
