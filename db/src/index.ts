export * from './audit/audit-events.ts';
export { auditKeyId } from './audit/audit-keys.ts';
export { auditRefusals, makeAuditPartitions } from './audit/audit-partitions.ts';
export { type AuditSealer, sealAuditEvents, startAuditSealer } from './audit/audit-sealer.ts';
export { formatSealReference, parseSealReference, type SealReference } from './audit/audit-seals.ts';
export { type AuditVerifier, startAuditVerifier, verifyIfDue } from './audit/audit-verifier.ts';
export { type AuditRetention, pruneAuditLog } from './audit/prune-audit-log.ts';
export { type Verification, verifyAuditLog } from './audit/verify-audit-log.ts';
export {
  createDatabase,
  type DatabaseOptions,
  pingDatabase,
} from './database.ts';
export * from './database-errors.ts';
export { defineQuery, idList, type Query } from './define-query.ts';
export * from './housekeeping.ts';
export { restrictDatabase } from './migrate/database-rights.ts';
export * from './migrate/migrate.ts';
export { findForeignRoles, findMissingRoles } from './migrate/staff-roles.ts';
export * from './nonce-store.ts';
export * from './pool/pool-errors.ts';
export { watchPool } from './pool/pooled-dialect.ts';
export type { QueryListener } from './pool/watched-client.ts';
export * from './process-database.ts';
export * from './relations.ts';
export * from './request-scope.ts';
export * from './roles.ts';
export type * from './tables.ts';
export * from './tally.ts';
export { readInTenant } from './tenant-reads.ts';
export { inTenant } from './tenant-transaction.ts';
export { listenForWakes } from './wake-listener.ts';
