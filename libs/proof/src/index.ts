export { thumbprintOf } from './imported-key.ts';
export type { ProofKeyFile, ProofSet } from './key-files.ts';
export type {
  ProofEntrance,
  ProofIdentity,
  ProofMessage,
  ProofVerifier,
  SignedMessage,
  VerifiedProof,
} from './proof.ts';
export { createProofIdentity, openProofIdentity } from './proof-identity.ts';
export { readSignedMessage } from './read-signed-message.ts';
export { changeProofSet, LockedError } from './set/change-proof-set.ts';
export { addMissingMembers, addSubgraph, createProofSet, proofMembers } from './set/create-proof-set.ts';
export { proofPathsOf, readProofSet, writeProofSet } from './set/proof-folder.ts';
export {
  minStepSeconds,
  RotationError,
  type RotationStep,
  replaceKeys,
  rotateProofSet,
  rotationSteps,
} from './set/rotate-proof-set.ts';
