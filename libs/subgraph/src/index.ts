export { type SubgraphConfig, subgraphConfigSchema } from './config.ts';
export { findId, readId, readInteger, readText, toContainsPattern } from './input.ts';
export { loadOwnedPages, type OwnedPage, ownedPageKey } from './owned-pages.ts';
export {
  type Connection,
  type CursorCodec,
  createConnection,
  createCursorCodec,
  isIntegerKey,
  isTextKey,
  type PageRequest,
  type Position,
  readPage,
} from './pagination.ts';
export type { NonceStore } from './proof/operation-proof.ts';
export type { ProofGate } from './proof/proof-gate.ts';
export { createRefusalListener } from './refusal-listener.ts';
export { selectedFields } from './selected-fields.ts';
export {
  type SubgraphDatabase,
  type SubgraphOptions,
  serveSubgraph,
} from './serve-subgraph.ts';
export { readReason } from './staff-reason.ts';
export {
  type SubgraphHttpRequest,
  startSubgraphServer,
} from './subgraph-server.ts';
export {
  type Counted,
  countWhenAsked,
  maxTotalCount,
  type TotalCount,
  toTotalCount,
  totalCountResolvers,
} from './total-count.ts';
