import type { NonceStore } from '../proof/operation-proof.ts';

/** Longer than a proof is accepted, should the clock be set back. */
const marginMs = 60_000;
/** Of 22 characters each. A gateway that sends more mutations within 90 s is not what one process serves. */
const defaultMaxNonces = 500_000;
const pruneEveryMs = 10_000;

/**
 * Keeps nonces in this process. For a subgraph with one replica: of several, each would run a captured mutation once. After a restart,
 * a mutation of the 30 s before it could be sent once more.
 *
 * @returns a store that throws where it is full: the mutation is refused with 503.
 */
export function createMemoryNonceStore({
  maxNonces = defaultMaxNonces,
  now = Date.now,
}: {
  maxNonces?: number;
  now?: () => number;
} = {}): NonceStore {
  const expiries = new Map<string, number>();
  let prunedAt = now();
  const prune = () => {
    prunedAt = now();
    for (const [nonce, expiresAt] of expiries) {
      if (expiresAt + marginMs <= prunedAt) expiries.delete(nonce);
    }
  };
  return {
    async use(nonce, expiresAt) {
      if (now() - prunedAt >= pruneEveryMs) prune();
      if (expiries.has(nonce)) return false;
      if (expiries.size >= maxNonces) prune();
      if (expiries.size >= maxNonces) throw new Error(`the store holds ${maxNonces} nonces and is full`);
      expiries.set(nonce, expiresAt.getTime());
      return true;
    },
  };
}
