import { openProofIdentity } from '@signet/proof';
import { ConfigError, createLogger } from '@signet/service';
import { type AuthConfig, proofNameOf } from '../settings.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/** Whether auth can tell which requests a gateway sent: its own proof keys, their mode, and what others know of them. */
export async function checkProof(config: AuthConfig, isLocal: boolean): Promise<Finding[]> {
  const { REQUIRE_PROOF, PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile } = config;
  if (!REQUIRE_PROOF || keyFile === undefined || peersFile === undefined) {
    return [note('proof keys', 'REQUIRE_PROOF=no: whoever reaches auth is believed to be a gateway')];
  }
  const name = proofNameOf(config);
  const logger = createLogger('doctor', 'silent');
  try {
    const identity = await openProofIdentity({ name, keyFile, peersFile, logger });
    identity.stop();
    return [ok('proof keys', `${name} has its own, and peers.json knows them`)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = isLocal
      ? 'npm start makes the set where there is none: move the broken one away.'
      : 'docs/proof.md says what the files hold; npm run keys -- proof list looks at the whole set.';
    return error.faults.map((fault) => wrong('proof keys', fault, advice));
  }
}
