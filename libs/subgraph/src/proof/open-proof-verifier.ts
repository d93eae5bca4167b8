import { openProofIdentity, type ProofVerifier } from '@signet/proof';
import type { Logger } from '@signet/service';
import type { ProofConfig } from './proof-config.ts';

/** Tells whether a request comes from a gateway. Without a verifier, every request counts as one that does. */
export type OpenProof = { verifier: ProofVerifier | undefined; stop(): void };

/**
 * Opens the proof keys of the process that `name` names in peers.json.
 *
 * @throws {ConfigError} naming file and field.
 */
export async function openProofVerifier(
  name: string,
  { REQUIRE_PROOF, PROOF_KEY_FILE, PROOF_PEERS_FILE }: ProofConfig,
  logger: Logger,
): Promise<OpenProof> {
  if (!REQUIRE_PROOF) {
    logger.warn('REQUIRE_PROOF=no: whoever reaches this port is believed to be a gateway, whatever they say');
    return { verifier: undefined, stop: () => {} };
  }
  if (PROOF_KEY_FILE === undefined || PROOF_PEERS_FILE === undefined) {
    throw new TypeError('findProofFaults lets no configuration through that lacks these files');
  }
  return openProofIdentity({ name, keyFile: PROOF_KEY_FILE, peersFile: PROOF_PEERS_FILE, logger });
}
