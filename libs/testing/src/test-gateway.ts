import { readFileSync } from 'node:fs';
import { createProofIdentity, type ProofEntrance, proofPathsOf } from '@signet/proof';
import { inject } from 'vitest';
import './global-setup.ts';
import { createSigningGateway, type SigningGateway } from './signing-gateway.ts';

type TestGatewayOptions = {
  /** As peers.json names the process that is asked. */
  recipient: string;
  entrance?: ProofEntrance;
  /** The folder of a set of proof keys. Default: the run's own. */
  folder?: string;
};

/** Variables by which a process finds its proof keys in this run's set. */
export function proofEnvironment(name: string): { PROOF_KEY_FILE: string; PROOF_PEERS_FILE: string } {
  const { keyFile, peersFile } = proofPathsOf(inject('proofFolder'), name);
  return { PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile };
}

/** The same for a gateway with all entrances. */
export function gatewayProofEnvironment(): Record<string, string> {
  const folder = inject('proofFolder');
  return {
    GRAPH_PROOF_KEY_FILE: proofPathsOf(folder, 'gateway-graph').keyFile,
    USER_PROOF_KEY_FILE: proofPathsOf(folder, 'gateway-user').keyFile,
    PORTAL_PROOF_KEY_FILE: proofPathsOf(folder, 'gateway-portal').keyFile,
    PROOF_PEERS_FILE: proofPathsOf(folder, 'gateway-graph').peersFile,
  };
}

/** A signing gateway with the keys of this run. */
export function createTestGateway(options: TestGatewayOptions): SigningGateway {
  const { recipient, entrance = 'graph', folder = inject('proofFolder') } = options;
  const name = `gateway-${entrance}`;
  const { keyFile, peersFile } = proofPathsOf(folder, name);
  const { signer } = createProofIdentity({ name, keys: readJson(keyFile), peers: readJson(peersFile) });
  return createSigningGateway({ signer, recipient, entrance });
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
