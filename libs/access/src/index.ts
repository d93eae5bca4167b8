export {
  type Caller,
  callers,
  codeSpan,
  createAccessMatrix,
  findLenientRows,
  formatAccessMatrix,
  formatTable,
  type MatrixRow,
  sessionOf,
  type Verdict,
} from './access-matrix.ts';
export { findAccessFaults } from './check/find-access-faults.ts';
export { type CheckedSubgraph, findUnsaidCallers } from './check/rule-faults.ts';
export { findHolderFaults, findRoleFaults, findScopeFaults, findUnusedScopes } from './check/scope-faults.ts';
export { type Condition, explainConditions, type Refusal } from './conditions.ts';
export { guardSchema } from './guard-schema.ts';
export { compileOperationGuard, type OperationGuard, type RefusedField } from './operation-guard.ts';
export type { GuardContext, Policy, PolicyTable } from './policies.ts';
export { customerPolicies, idOf } from './policies.ts';
export {
  createRelationChecker,
  idOfSubject,
  type RelationChecker,
  type RelationStore,
  type RelationTuple,
  type Subject,
  staffSubject,
  userSubject,
} from './relations.ts';
export {
  requirePortal,
  requirePortalOrService,
  requireScope,
  requireService,
  requireUser,
} from './require-session.ts';
export {
  conditionsOf,
  type DefaultAccess,
  defaultAccesses,
  isByDefault,
  type RuleBook,
  readRuleBook,
  withDefaultAccess,
  withPoliciesByToken,
} from './rule-book.ts';
export { type AccessChange, compareAccess } from './supergraph/access-changes.ts';
export type { AccessGraph } from './supergraph/access-graph.ts';
export type { Viewpoint } from './supergraph/access-ways.ts';
export { readElementNames } from './supergraph/element-names.ts';
export { type ReadSupergraph, readSupergraph, UnreadableSupergraph } from './supergraph/read-supergraph.ts';
export {
  normalizeRuleNames,
  RuleNameError,
  type SupergraphFault,
} from './supergraph/rule-names.ts';
export { nameInSchema, readSpecLinks } from './supergraph/spec-links.ts';
export {
  createSupergraphMatrix,
  formatSupergraphMatrix,
  type SupergraphMatrix,
} from './supergraph/supergraph-matrix.ts';
