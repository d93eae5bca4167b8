export type { ProofKeyFile, ProofSet } from './key-files.ts';
export { thumbprintOf } from './pair-key.ts';
export type {
  ProofEntrance,
  ProofIdentity,
  ProofMessage,
  ProofVerifier,
  SignedMessage,
  VerifiedProof,
} from './proof.ts';
export { changeProofSet, LockedError, proofPathsOf, readProofSet, writeProofSet } from './proof-folder.ts';
export { createProofIdentity, openProofIdentity } from './proof-identity.ts';
export {
  addMissingMembers,
  addSubgraph,
  createProofSet,
  minStepSeconds,
  proofMembers,
  RotationError,
  type RotationStep,
  replaceKeys,
  rotateProofSet,
  rotationSteps,
} from './proof-set.ts';
export { readSignedMessage } from './proof-verifier.ts';
