import { RefusalError } from '@signet/service';
import { createNetworkFailures, createTokenBuckets, type Rate } from '../throttle/token-buckets.ts';
import type { KnownClients } from './known-clients.ts';

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
  assertMayTry(clientId: string, address: string | undefined): Promise<void> | void;
  /** Whether the client was itself from the address within the day. */
  isKnown(clientId: string, address: string | undefined): Promise<boolean> | boolean;
  noteFailure(address: string | undefined): void;
  /** @throws {RefusalError} auth.throttled where the client, who has proved to be itself, asks for more than it may. */
  takeTurn(clientId: string): void;
  /** The client was itself from the address: what others do there no longer concerns it. Not for an assertion that was used before. */
  noteSuccess(clientId: string, address: string | undefined): void;
};

/** What a client that is itself may ask for, of one process. */
const turns: Rate = { burst: 2000, perSecond: 200 };

/** @param now milliseconds of a monotonic clock. */
export function createClientThrottle(
  known: KnownClients,
  now: () => number = () => performance.now(),
  onThrottled: (kind: string) => void = () => {},
): ClientThrottle {
  const buckets = createTokenBuckets(now);
  const failures = createNetworkFailures(buckets);
  return {
    assertMayTry(clientId, address) {
      if (failures.mayTry(address)) return undefined;
      const refuseUnless = (isKnown: boolean) => {
        if (isKnown) return;
        onThrottled('client');
        throw new RefusalError('auth.throttled', { retryAfterSeconds: 2 });
      };
      const isKnown = known.has(clientId, address);
      return typeof isKnown === 'boolean' ? refuseUnless(isKnown) : isKnown.then(refuseUnless);
    },
    isKnown: known.has,
    noteFailure: failures.note,
    noteSuccess: known.note,
    takeTurn(clientId) {
      const key = `client ${clientId}`;
      if (buckets.leftIn(key, turns) < 1) {
        onThrottled('client_turns');
        throw new RefusalError('auth.throttled', { retryAfterSeconds: 1 });
      }
      buckets.take(key, turns);
    },
  };
}
