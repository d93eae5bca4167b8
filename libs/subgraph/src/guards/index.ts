export { accessDirectives } from './access-directives.ts';
export type { GuardedContext } from './admitted.ts';
export { createMemoryNonceStore } from './memory-nonces.ts';
export { type Guards, type GuardsOptions, openGuards } from './open-guards.ts';
export { type NoncePool, openPostgresNonceStore, type PostgresNonceOptions } from './postgres-nonces.ts';
export type { RequestGate } from './request-gate.ts';
