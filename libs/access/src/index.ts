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
export { type GuardContext, guardSchema, type Policy, type PolicyTable } from './guard-schema.ts';
export { compileOperationGuard, type OperationGuard, type RefusedField } from './operation-guard.ts';
export { requirePortal, requireScope, requireUser } from './require-session.ts';
export { conditionsOf, type RuleBook, readRuleBook } from './rule-book.ts';
