export { thumbprintOf } from './imported-key.ts';
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
export { type ReceivedRequest, readSignedMessage } from './read-signed-message.ts';
export { changeProofSet, LockedError } from './set/change-proof-set.ts';
export { addSubgraph, createProofSet, type ProofMember, proofMembers } from './set/create-proof-set.ts';
export { proofPathsOf, readProofSet, writeProofSet } from './set/proof-folder.ts';
export {
  minStepSeconds,
  RotationError,
  type RotationStep,
  replaceKeys,
  rotateProofSet,
  rotationSteps,
} from './set/rotate-proof-set.ts';
