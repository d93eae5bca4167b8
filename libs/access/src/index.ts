export {
  type Caller,
  callers,
  createAccessMatrix,
  findLenientRows,
  formatAccessMatrix,
  type MatrixRow,
  sessionOf,
  type Verdict,
} from './access-matrix.ts';
export type { CheckedSubgraph } from './check/access-fault.ts';
export { findAccessFaults } from './check/find-access-faults.ts';
export type { Condition, Refusal } from './conditions.ts';
export { customerPolicies, idOf } from './customer-policies.ts';
export type { GuardContext } from './guard-context.ts';
export { guardSchema } from './guard-schema.ts';
export { compileOperationGuard, type OperationGuard, type RefusedField } from './operation-guard.ts';
export type { Policy, PolicyTable } from './policy-judge.ts';
export { createRelationChecker, type RelationChecker } from './relations/relation-checker.ts';
export {
  idOfSubject,
  type RelationStore,
  type RelationTuple,
  type Subject,
  staffSubject,
  userSubject,
} from './relations/relation-tuple.ts';
export { requirePortal, requireScope, requireUser } from './require-session.ts';
export { type RuleBook, readRuleBook } from './rule-book.ts';
