export { createProofSet, type ProofMember, proofMembers } from './create-proof-set.ts';
export type { PrivateKeyJwk, ProofKeyFile, ProofPeersFile, ProofSet, PublicKeyJwk } from './key-files.ts';
export {
  type ProofEntrance,
  type ProofHeaders,
  type ProofIdentity,
  type ProofMessage,
  type ProofRole,
  type ProofSender,
  type ProofSigner,
  type ProofVerifier,
  proofEntrances,
  type SignedMessage,
  type VerifiedProof,
} from './proof.ts';
export { createProofIdentity, openProofIdentity, type ProofFileOptions } from './proof-identity.ts';
export { readSignedMessage } from './read-signed-message.ts';
