/**
 * graphql-yoga behind the guards of `@signet/subgraph`.
 *
 * @packageDocumentation
 */
export { accessDirectives } from '../../libs/subgraph/src/guards/access-directives.ts';
export type { GuardedContext } from '../../libs/subgraph/src/guards/admitted.ts';
export { type Guards, type GuardsOptions, openGuards } from '../../libs/subgraph/src/guards/open-guards.ts';
export { yogaOptions } from '../../libs/subgraph/src/guards/yoga.ts';
