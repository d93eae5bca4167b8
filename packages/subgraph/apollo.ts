/**
 * Apollo Server behind the guards of `@signet/subgraph`.
 *
 * @packageDocumentation
 */
export { accessDirectives } from '../../libs/subgraph/src/guards/access-directives.ts';
export type { GuardedContext } from '../../libs/subgraph/src/guards/admitted.ts';
export {
  apolloOptions,
  type GuardedServerOptions,
  startGuardedServer,
} from '../../libs/subgraph/src/guards/apollo.ts';
export { type Guards, type GuardsOptions, openGuards } from '../../libs/subgraph/src/guards/open-guards.ts';
