import type { Logger } from '@signet/service';
import type { ProofKeyFile, ProofPeersFile } from './key-files.ts';
import type { ProofIdentity } from './proof.ts';

export type ProofFileOptions = {
  name: string;
  /** Path of key.json, mode 0600. */
  keyFile: string;
  /** Path of peers.json. */
  peersFile: string;
  logger: Logger;
  /** How often both files are looked at for changes. */
  pollIntervalMs?: number;
  now?: () => number;
};

/**
 * Reads a service's files and follows their changes until `stop`. Throws a ConfigError with all their faults; a file that
 * breaks later is logged, and what was read before stays in use.
 */
export async function openProofIdentity(_options: ProofFileOptions): Promise<ProofIdentity> {
  throw new Error('Not written yet');
}

/** The same from memory, for tests. */
export function createProofIdentity(_options: {
  name: string;
  keys: ProofKeyFile;
  peers: ProofPeersFile;
  now?: () => number;
}): ProofIdentity {
  throw new Error('Not written yet');
}
