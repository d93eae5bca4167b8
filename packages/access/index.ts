/**
 * Access rules in SDL: `@authenticated`, `@requiresScopes` and `@policy` of federation, `@public`, `@platform` and `@recentAuth` of Signet. Guards
 * for operations, fields and references, the check that no field lacks a rule, and the matrix of who may have what.
 *
 * @packageDocumentation
 */
export {
  type Caller,
  createAccessMatrix,
  formatAccessMatrix,
  type MatrixRow,
  type Verdict,
} from '../../libs/access/src/access-matrix.ts';
export { findAccessFaults } from '../../libs/access/src/check/find-access-faults.ts';
export type { CheckedSubgraph } from '../../libs/access/src/check/rule-faults.ts';
export type { Condition, Refusal } from '../../libs/access/src/conditions.ts';
export { guardSchema } from '../../libs/access/src/guard-schema.ts';
export {
  compileOperationGuard,
  type OperationGuard,
  type RefusedField,
} from '../../libs/access/src/operation-guard.ts';
export { type GuardContext, idOf, type Policy, type PolicyTable } from '../../libs/access/src/policies.ts';
export {
  requirePortal,
  requirePortalOrService,
  requireScope,
  requireService,
  requireUser,
} from '../../libs/access/src/require-session.ts';
export { conditionsOf, type RuleBook, readRuleBook } from '../../libs/access/src/rule-book.ts';
export { RefusalError } from '../../libs/service/src/errors.ts';
export type {
  AnonymousSession,
  PortalSession,
  ServiceSession,
  Session,
  UserSession,
} from '../../libs/session/src/session.ts';
