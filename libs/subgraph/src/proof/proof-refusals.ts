import type { VerifiedProof } from '@signet/proof';
import { createSampler, type Logger, RefusalError } from '@signet/service';

/** Who sent what was refused: an address, where no proof says more. */
type Source = { address: string | undefined; sender?: undefined } | { sender: VerifiedProof['sender'] };

/** Tells the operator of requests that were refused for their proof. */
export type ProofRefusals = {
  /** Anything but such a refusal is no business of its. */
  tell(error: unknown, source: Source): void;
  stop(): void;
};

type Told = { reason: string; why: string | undefined; from: string | undefined };

/** Of requests that were refused for their proof. */
export const proofReasons = [
  'auth.failure.proof_missing',
  'auth.failure.proof_invalid',
  'auth.failure.replay',
] as const;
const reasons = new Set<string>(proofReasons);

/** Why is for the log alone; who knocks at the door all day fills no disk: a line a minute for each reason and source. `onRefused`: called for each. */
export function createProofRefusals(
  logger: Logger,
  onRefused: (refusal: RefusalError, entrance: string | undefined) => void = () => {},
): ProofRefusals {
  const sampler = createSampler<Told>(({ reason, why, from }, times, isShared) =>
    logger.warn(
      { reason, why, times, ...(!isShared && { from }) },
      'requests were refused for the proof of their sender',
    ),
  );
  return {
    tell(error, source) {
      if (!(error instanceof RefusalError) || !reasons.has(error.reason)) return;
      onRefused(error, source.sender?.entrance);
      const from = source.sender ? source.sender.name : source.address;
      const why = error.cause instanceof Error ? error.cause.message : undefined;
      sampler.add(`${error.reason} ${from}`, { reason: error.reason, why, from });
    },
    stop: () => sampler.stop(),
  };
}
