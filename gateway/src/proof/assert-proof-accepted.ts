import type { Reason } from '@signet/schema/contract';
import type { GraphQLFormattedError } from 'graphql';

const proofReasons = new Set<unknown>([
  'auth.failure.proof_missing',
  'auth.failure.proof_invalid',
  'auth.failure.replay',
] satisfies Reason[]);

/** A subgraph did not believe that a gateway sent a fetch. */
export class ProofRefusedError extends Error {
  override readonly name = 'ProofRefusedError';
}

/**
 * A refusal of our own signature is a matter between our processes: keys or clocks that differ. It must not reach the client,
 * whose token it would seem to be about.
 *
 * @throws {ProofRefusedError} with what the operator should look at.
 */
export function assertProofAccepted(errors: readonly Partial<GraphQLFormattedError>[] = []): void {
  const refused = errors.find(({ extensions }) => proofReasons.has(extensions?.reason));
  if (refused) {
    throw new ProofRefusedError(
      `refused the gateway's signature (${refused.extensions?.reason}): compare the proof keys, the entrance and the clocks of both`,
    );
  }
}
