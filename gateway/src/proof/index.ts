export { assertProofAccepted, ProofRefusedError } from './assert-proof-accepted.ts';
export { type EntranceProof, type FetchSigner, openEntranceProof } from './open-entrance-proof.ts';
export { proofFields, refineProof, whenProofIsRead } from './proof-config.ts';
