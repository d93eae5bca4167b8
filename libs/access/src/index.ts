export {
  type Caller,
  callers,
  createAccessMatrix,
  formatAccessMatrix,
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
export { requirePortal, requireScope, requireUser } from './require-session.ts';
export { conditionsOf, type RuleBook, readRuleBook } from './rule-book.ts';
