/**
 * The proof that a gateway sent a request to a subgraph: HTTP message signatures (RFC 9421) with a key for each pair of services.
 *
 * @packageDocumentation
 */
export type { ProofKeyFile, ProofPeersFile, ProofSet } from '../../libs/proof/src/key-files.ts';
export { thumbprintOf } from '../../libs/proof/src/pair-key.ts';
export type {
  ProofEntrance,
  ProofHeaders,
  ProofIdentity,
  ProofMessage,
  ProofSender,
  ProofSigner,
  ProofVerifier,
  SignedMessage,
  VerifiedProof,
} from '../../libs/proof/src/proof.ts';
export { proofPathsOf, readProofSet, writeProofSet } from '../../libs/proof/src/proof-folder.ts';
export { createProofIdentity, openProofIdentity } from '../../libs/proof/src/proof-identity.ts';
export { createProofSet, type ProofMember } from '../../libs/proof/src/proof-set.ts';
export { readSignedMessage } from '../../libs/proof/src/proof-verifier.ts';
export { RefusalError } from '../../libs/service/src/errors.ts';
export {
  formatSignetContext,
  parseSignetContext,
  type SignetContext,
} from '../../libs/service/src/signet-context.ts';
