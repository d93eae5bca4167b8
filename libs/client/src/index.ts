export {
  createSignetClient,
  type Proof,
  type RequestResult,
  type SignetClient,
  type SignetClientOptions,
  type TypedDocument,
} from './client.ts';
export {
  type AnswerError,
  type Challenge,
  type Outcome,
  readAnswerError,
  readError,
  type SignetError,
} from './errors.ts';
export type { Platform } from './operations.ts';
export type { SessionState, StoredTokens, TokenStore } from './session.ts';
export type { Account } from './tokens.ts';
