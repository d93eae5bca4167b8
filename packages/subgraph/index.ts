/**
 * Guards in a subgraph of your own: who asks (access tokens), by which gateway (proof), and what they may have (the rules in its
 * SDL). For any server on node:http; `@signet/subgraph/apollo` and `@signet/subgraph/yoga` hold what Apollo Server and graphql-yoga
 * need beside it.
 *
 * @packageDocumentation
 */
export { type GuardContext, idOf, type Policy, type PolicyTable } from '../../libs/access/src/policies.ts';
export {
  requirePortal,
  requirePortalOrService,
  requireScope,
  requireService,
  requireUser,
} from '../../libs/access/src/require-session.ts';
export type { VerifiedProof } from '../../libs/proof/src/proof.ts';
export { ConfigError, type Environment } from '../../libs/service/src/config.ts';
export { badInput, RefusalError } from '../../libs/service/src/errors.ts';
export type { Logger } from '../../libs/service/src/logger.ts';
export type { SignetContext } from '../../libs/service/src/signet-context.ts';
export type {
  AnonymousSession,
  PortalSession,
  ServiceSession,
  Session,
  UserSession,
} from '../../libs/session/src/session.ts';
export { accessDirectives } from '../../libs/subgraph/src/guards/access-directives.ts';
export type { GuardedContext } from '../../libs/subgraph/src/guards/admitted.ts';
export { createMemoryNonceStore } from '../../libs/subgraph/src/guards/memory-nonces.ts';
export { type Guards, type GuardsOptions, openGuards } from '../../libs/subgraph/src/guards/open-guards.ts';
export {
  type NoncePool,
  openPostgresNonceStore,
  type PostgresNonceOptions,
} from '../../libs/subgraph/src/guards/postgres-nonces.ts';
export type { RequestGate } from '../../libs/subgraph/src/guards/request-gate.ts';
export type { NonceStore } from '../../libs/subgraph/src/proof/operation-proof.ts';
