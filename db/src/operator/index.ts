// What an operator's commands do to the database (@signet/db/operator). Processes use none of it.
export { describePermissions } from '../access/permissions.ts';
export {
  acceptMigration,
  describeChanged,
  migrateToLatest,
  migrationStatus,
  rollback,
} from '../migrate/migrate.ts';
export { createPepper } from '../password-hash.ts';
export { createRoles } from '../roles.ts';
export { type AfterRestoreOptions, finishRestore, type PlatformRestored } from './after-restore.ts';
export { changeTenant, type TenantChange } from './change-tenant.ts';
export { createStaff, createTenant, needPepperKey } from './create-accounts.ts';
export { type ImportOptions, importUsers, type UserImport } from './import-users.ts';
export { inviteStaff } from './invite-staff.ts';
export {
  explainFailure,
  type OperatorConfig,
  type OperatorDatabase,
  OperatorError,
  openOperatorDatabase,
  readOperatorConfig,
} from './operator-database.ts';
