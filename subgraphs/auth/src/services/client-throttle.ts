import { readClientPrefix } from '@signet/flow';
import { RefusalError } from '@signet/service';
import { LRUCache } from 'lru-cache';

/**
 * How often clients may ask. Nobody can guess a key, so this is about work alone: what strangers do fills the bucket of their own network,
 * and never one of a client.
 */
export type ClientThrottle = {
  /**
   * Before a key is tried.
   *
   * @throws {RefusalError} auth.throttled where the network has failed too often, and the client was never right from this address.
   */
  assertMayTry(clientId: string, address: string | undefined): void;
  noteFailure(address: string | undefined): void;
  /** @throws {RefusalError} auth.throttled where the client, who has proved to be itself, asks for more than it may. */
  takeTurn(clientId: string): void;
  /** The client was itself from the address: what others do there no longer concerns it. Not for an assertion that was used before. */
  noteSuccess(clientId: string, address: string | undefined): void;
};

type Bucket = { left: number; at: number };
type Rate = { burst: number; perSecond: number };

/** Failures of an address (IPv4, or a /64), and of the /48 around it. */
const addressFailures: Rate = { burst: 60, perSecond: 0.5 };
const networkFailures: Rate = { burst: 600, perSecond: 5 };
/** What a client that is itself may ask for, of one process. */
const turns: Rate = { burst: 2000, perSecond: 200 };
const knownForMs = 24 * 3600 * 1000;
const maxKept = 20_000;

/** @param now milliseconds of a monotonic clock. */
export function createClientThrottle(
  now: () => number = () => performance.now(),
  onThrottled: (kind: string) => void = () => {},
): ClientThrottle {
  const buckets = new LRUCache<string, Bucket>({ max: maxKept });
  /** When a client was itself from an address. */
  const known = new LRUCache<string, number>({ max: maxKept });
  const bucketOf = (key: string, { burst, perSecond }: Rate): Bucket => {
    const time = now();
    const bucket = buckets.get(key) ?? { left: burst, at: time };
    bucket.left = Math.min(burst, bucket.left + ((time - bucket.at) / 1000) * perSecond);
    bucket.at = time;
    buckets.set(key, bucket);
    return bucket;
  };
  const failuresOf = (address: string | undefined) => {
    const prefix = readClientPrefix(address ?? null);
    return [
      bucketOf(`address ${prefix.address}`, addressFailures),
      bucketOf(`network ${prefix.network}`, networkFailures),
    ];
  };
  const pairOf = (clientId: string, address = '') => `${clientId} ${address}`;
  return {
    assertMayTry(clientId, address) {
      const knownAt = known.get(pairOf(clientId, address));
      if (knownAt !== undefined && now() - knownAt < knownForMs) return;
      if (failuresOf(address).every(({ left }) => left >= 1)) return;
      onThrottled('client');
      throw new RefusalError('auth.throttled', { retryAfterSeconds: 2 });
    },
    noteFailure(address) {
      for (const bucket of failuresOf(address)) bucket.left = Math.max(0, bucket.left - 1);
    },
    noteSuccess(clientId, address) {
      known.set(pairOf(clientId, address), now());
    },
    takeTurn(clientId) {
      const bucket = bucketOf(`client ${clientId}`, turns);
      if (bucket.left < 1) {
        onThrottled('client_turns');
        throw new RefusalError('auth.throttled', { retryAfterSeconds: 1 });
      }
      bucket.left -= 1;
    },
  };
}
