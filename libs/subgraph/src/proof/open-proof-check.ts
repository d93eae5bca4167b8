import { openProofIdentity } from '@signet/proof';
import type { Logger, ReadinessCheck } from '@signet/service';
import type { ProofConfig } from './proof-config.ts';
import type { ProofCheck } from './proof-gate.ts';
import { createProofRefusals } from './proof-refusals.ts';

/** Tells whether a request comes from a gateway. Without a check, every request counts as one that does. */
export type OpenProof = { check: ProofCheck | undefined; readiness: readonly ReadinessCheck[]; stop(): void };

/**
 * Opens the proof keys of the process that `name` names in peers.json.
 *
 * @throws {ConfigError} naming file and field.
 */
export async function openProofCheck(
  name: string,
  { REQUIRE_PROOF, PROOF_KEY_FILE, PROOF_PEERS_FILE }: ProofConfig,
  logger: Logger,
  onRefused?: Parameters<typeof createProofRefusals>[1],
): Promise<OpenProof> {
  if (!REQUIRE_PROOF) {
    logger.warn('REQUIRE_PROOF=no: everybody who reaches this port counts as a gateway');
    return { check: undefined, readiness: [], stop: () => {} };
  }
  if (PROOF_KEY_FILE === undefined || PROOF_PEERS_FILE === undefined) {
    throw new TypeError('findProofFaults lets no configuration through that lacks these files');
  }
  const files = { keyFile: PROOF_KEY_FILE, peersFile: PROOF_PEERS_FILE };
  const { verifier, findLack, stop } = await openProofIdentity({ name, ...files, logger });
  const refusals = createProofRefusals(logger, onRefused);
  return {
    check: { verifier, refusals },
    readiness: [{ name: 'proof keys', check: () => undefined, findLack }],
    stop() {
      stop();
      refusals.stop();
    },
  };
}
