import { RefusalError } from '@signet/service';
import { LRUCache } from 'lru-cache';
import { createNetworkFailures, createTokenBuckets, type Rate } from '../throttle/token-buckets.ts';

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

/** What a client that is itself may ask for, of one process. */
const turns: Rate = { burst: 2000, perSecond: 200 };
const knownForMs = 24 * 3600 * 1000;
const maxKept = 20_000;

/** @param now milliseconds of a monotonic clock. */
export function createClientThrottle(now: () => number = () => performance.now()): ClientThrottle {
  const buckets = createTokenBuckets(now);
  const failures = createNetworkFailures(buckets);
  /** When a client was itself from an address. */
  const known = new LRUCache<string, number>({ max: maxKept });
  const pairOf = (clientId: string, address = '') => `${clientId} ${address}`;
  return {
    assertMayTry(clientId, address) {
      const knownAt = known.get(pairOf(clientId, address));
      if (knownAt !== undefined && now() - knownAt < knownForMs) return;
      if (failures.mayTry(address)) return;
      throw new RefusalError('auth.throttled', { retryAfterSeconds: 2 });
    },
    noteFailure: failures.note,
    noteSuccess(clientId, address) {
      known.set(pairOf(clientId, address), now());
    },
    takeTurn(clientId) {
      const key = `client ${clientId}`;
      if (buckets.leftIn(key, turns) < 1) throw new RefusalError('auth.throttled', { retryAfterSeconds: 1 });
      buckets.take(key, turns);
    },
  };
}
