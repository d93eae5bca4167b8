import type { ProofSet } from './key-files.ts';
import type { ProofEntrance, ProofRole } from './proof.ts';

export type ProofMember = { name: string; role: ProofRole; entrance?: ProofEntrance };

/** The services of this platform: an auth process for both platforms is `auth`, one for each is `auth-user` and `auth-portal`. */
export const proofMembers: readonly ProofMember[] = [
  { name: 'gateway-graph', role: 'gateway', entrance: 'graph' },
  { name: 'gateway-user', role: 'gateway', entrance: 'user' },
  { name: 'gateway-portal', role: 'gateway', entrance: 'portal' },
  ...['auth', 'auth-user', 'auth-portal', 'portal', 'catalog', 'inventory', 'orders'].map(
    (name): ProofMember => ({ name, role: 'subgraph' }),
  ),
];

/** A key pair for each member. */
export function createProofSet(_members: readonly ProofMember[] = proofMembers): ProofSet {
  throw new Error('Not written yet');
}

/**
 * Writes `<folder>/<name>/key.json` (mode 0600) and `<folder>/<name>/peers.json` for each member: a folder to mount for
 * each process, since a file that is mounted by itself keeps its old content when a new one takes its place.
 * Writes nothing where one of the files exists.
 */
export function writeProofSet(_folder: string, _set: ProofSet): void {
  throw new Error('Not written yet');
}
