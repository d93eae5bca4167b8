export {
  type Caller,
  callers,
  createAccessMatrix,
  findLenientRows,
  formatAccessMatrix,
  type LenientRow,
  type MatrixRow,
  sessionOf,
  type Verdict,
} from './access-matrix.ts';
export { type AccessFault, type CheckedSubgraph, findAccessFaults } from './check/find-access-faults.ts';
export type { Condition, Refusal } from './conditions.ts';
export { customerPolicies, idOf } from './customer-policies.ts';
export { type GuardContext, guardSchema } from './guard-schema.ts';
export { compileOperationGuard, type OperationGuard, type RefusedField } from './operation-guard.ts';
export type { Policy, PolicyTable } from './policy-judge.ts';
export { createRelationChecker, type RelationChecker } from './relations/relation-checker.ts';
export {
  idOfSubject,
  type RelationStore,
  type RelationTuple,
  type Subject,
  staffSubject,
  subjectOf,
  userSubject,
} from './relations/relation-tuple.ts';
export { requirePortal, requireScope, requireUser } from './require-session.ts';
export { conditionsOf, type RuleBook, readRuleBook } from './rule-book.ts';
