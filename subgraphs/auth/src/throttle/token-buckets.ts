import { readClientPrefix } from '@signet/flow';
import { LRUCache } from 'lru-cache';

/** A bucket that holds `burst` and fills by `perSecond`. */
export type Rate = { burst: number; perSecond: number };

/** Buckets by name, in the memory of a process. */
export type TokenBuckets = {
  /** What is left now. */
  leftIn(key: string, rate: Rate): number;
  /** Takes one out, and leaves an empty one empty. */
  take(key: string, rate: Rate): void;
};

/** @param now milliseconds of a monotonic clock. */
export function createTokenBuckets(now: () => number, maxKept = 20_000): TokenBuckets {
  const buckets = new LRUCache<string, { left: number; at: number }>({ max: maxKept });
  const bucketOf = (key: string, { burst, perSecond }: Rate) => {
    const time = now();
    const bucket = buckets.get(key) ?? { left: burst, at: time };
    bucket.left = Math.min(burst, bucket.left + ((time - bucket.at) / 1000) * perSecond);
    bucket.at = time;
    buckets.set(key, bucket);
    return bucket;
  };
  return {
    leftIn: (key, rate) => bucketOf(key, rate).left,
    take(key, rate) {
      const bucket = bucketOf(key, rate);
      bucket.left = Math.max(0, bucket.left - 1);
    },
  };
}

/** What the clients of a network have failed at. */
export type NetworkFailures = {
  /** Whether the address, and the network around it, may try once more. */
  mayTry(address: string | undefined): boolean;
  note(address: string | undefined): void;
};

/** Of an address (IPv4, or a /64), and of the /48 around it. */
const ofAddress: Rate = { burst: 60, perSecond: 0.5 };
const ofNetwork: Rate = { burst: 600, perSecond: 5 };

export function createNetworkFailures(buckets: TokenBuckets): NetworkFailures {
  const bucketsOf = (address: string | undefined) => {
    const prefix = readClientPrefix(address ?? null);
    return [
      [`address ${prefix.address}`, ofAddress],
      [`network ${prefix.network}`, ofNetwork],
    ] as const;
  };
  return {
    mayTry: (address) => bucketsOf(address).every(([key, rate]) => buckets.leftIn(key, rate) >= 1),
    note(address) {
      for (const [key, rate] of bucketsOf(address)) buckets.take(key, rate);
    },
  };
}
