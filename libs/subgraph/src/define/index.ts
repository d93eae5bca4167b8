/** `@signet/subgraph/define`: for a subgraph with a database of the platform. `@signet/subgraph` itself needs none. */
export { auditChange } from './audit-change.ts';
export {
  defineSubgraph,
  type SubgraphContext,
  type SubgraphDefinition,
  type SubgraphExtension,
  type SubgraphParts,
} from './define-subgraph.ts';
export { loadSubgraph } from './load-subgraph.ts';
export { measurePool } from './measure-pool.ts';
export type { Person, PersonalData } from './personal-data.ts';
