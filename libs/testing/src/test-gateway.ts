import { readFileSync } from 'node:fs';
import { createProofIdentity, type ProofEntrance, type ProofIdentity, proofPathsOf } from '@signet/proof';
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

/** The run's own set of keys never changes, and a key for each of its pairs takes long to derive. */
const signers = new Map<ProofEntrance, ProofIdentity['signer']>();

/** A signing gateway with the keys of this run. */
export function createTestGateway({
  recipient,
  entrance = 'graph',
  folder,
}: TestGatewayOptions): SigningGateway {
  const signer =
    (folder === undefined && signers.get(entrance)) ||
    readSigner(`gateway-${entrance}`, folder ?? inject('proofFolder'));
  if (folder === undefined) signers.set(entrance, signer);
  return createSigningGateway({ signer, recipient, entrance });
}

function readSigner(name: string, folder: string): ProofIdentity['signer'] {
  const { keyFile, peersFile } = proofPathsOf(folder, name);
  return createProofIdentity({ name, keys: readJson(keyFile), peers: readJson(peersFile) }).signer;
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
