import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createProofIdentity,
  createProofSet,
  type ProofEntrance,
  proofPathsOf,
  writeProofSet,
} from '@signet/proof';
import { createSigningGateway, type SigningGateway } from './signing-gateway.ts';

/** A set of proof keys for a test: three entrances of a gateway, and the named subgraphs. */
export type TestProofKeys = {
  /** The variables by which a subgraph, or a gateway, finds its keys. */
  environmentOf(name: string): { PROOF_KEY_FILE: string; PROOF_PEERS_FILE: string };
  /** What an entrance sends to a subgraph. */
  gateway(recipient: string, entrance?: ProofEntrance): SigningGateway;
  /** Deletes the files. */
  remove(): void;
};

const entrances = ['graph', 'user', 'portal'] as const;

/**
 * Makes keys in a temporary folder, as `keys proof init` does. `now`: the clock of the gateways, for messages that are too old.
 *
 * @param subgraphs names as in a supergraph.
 */
export function createTestProofKeys(
  subgraphs: readonly string[],
  now: () => number = Date.now,
): TestProofKeys {
  const set = createProofSet([
    ...entrances.map((entrance) => ({ name: `gateway-${entrance}`, role: 'gateway' as const, entrance })),
    ...subgraphs.map((name) => ({ name, role: 'subgraph' as const })),
  ]);
  const parent = mkdtempSync(join(tmpdir(), 'signet-proof-'));
  const folder = join(parent, 'proof');
  writeProofSet(folder, set);
  return {
    environmentOf(name) {
      const { keyFile, peersFile } = proofPathsOf(folder, name);
      return { PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile };
    },
    gateway(recipient, entrance = 'graph') {
      const name = `gateway-${entrance}`;
      const keys = set.keyFiles[name];
      if (!keys) throw new TypeError(`there is no entrance ${entrance}`);
      const { signer } = createProofIdentity({ name, keys, peers: set.peers, now });
      return createSigningGateway({ signer, recipient, entrance });
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}
