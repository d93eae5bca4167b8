export { assertProofAccepted, ProofRefusedError } from './assert-proof-accepted.ts';
export type { FetchMessage } from './fetch-message.ts';
export { type EntranceProof, type FetchSigner, openEntranceProof } from './open-entrance-proof.ts';
export { proofFields, refineProof, whenProofIsRead } from './proof-config.ts';
