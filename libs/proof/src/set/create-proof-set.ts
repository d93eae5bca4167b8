import crypto from 'node:crypto';
import { subgraphs } from '@signet/schema/subgraphs';
import type { PrivateKeyJwk, ProofKeyFile, ProofPeersFile, ProofSet, PublicKeyJwk } from '../key-files.ts';
import type { ProofEntrance, ProofRole } from '../proof.ts';

export type ProofMember = { name: string; role: ProofRole; entrance?: ProofEntrance };

/**
 * Every service that signs or checks requests: the gateway's entrances and the subgraphs of the registry. An auth process for
 * both platforms is `auth`, one for each is `auth-user` and `auth-portal`.
 */
export const proofMembers: readonly ProofMember[] = [
  { name: 'gateway-graph', role: 'gateway', entrance: 'graph' },
  { name: 'gateway-user', role: 'gateway', entrance: 'user' },
  { name: 'gateway-portal', role: 'gateway', entrance: 'portal' },
  ...['auth-user', 'auth-portal', ...subgraphs.map(({ name }) => name)].map(
    (name): ProofMember => ({ name, role: 'subgraph' }),
  ),
];

/** A key pair for each member. */
export function createProofSet(members: readonly ProofMember[] = proofMembers): ProofSet {
  const keyFiles: { [name: string]: ProofKeyFile } = {};
  const peers: ProofPeersFile['peers'] = {};
  for (const { name, role, entrance } of members) {
    const key = createProofKey();
    keyFiles[name] = { name, keys: [key] };
    peers[name] = { role, ...(entrance && { entrance }), keys: [publicHalfOf(key)] };
  }
  return { keyFiles, peers: { peers } };
}

/** The set with keys for every member of the registry that had none. */
export function addMissingMembers(set: ProofSet): ProofSet {
  const missing = proofMembers.filter(({ name }) => !set.peers.peers[name]);
  const added = createProofSet(missing);
  return {
    keyFiles: { ...set.keyFiles, ...added.keyFiles },
    peers: { peers: { ...set.peers.peers, ...added.peers.peers } },
  };
}

/** The set with one more subgraph in it. Throws a RangeError where the name is taken. */
export function addSubgraph(set: ProofSet, name: string): ProofSet {
  if (set.peers.peers[name]) {
    throw new RangeError(`${name} has keys already.`);
  }
  const added = createProofSet([{ name, role: 'subgraph' }]);
  return {
    keyFiles: { ...set.keyFiles, ...added.keyFiles },
    peers: { peers: { ...set.peers.peers, ...added.peers.peers } },
  };
}

export function createProofKey(): PrivateKeyJwk {
  const { x, d } = crypto.generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'X25519', x: x as string, d: d as string };
}

export function publicHalfOf({ kty, crv, x }: PublicKeyJwk): PublicKeyJwk {
  return { kty, crv, x };
}
