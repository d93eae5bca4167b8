export * from './connection-errors.ts';
export * from './database.ts';
export * from './database-errors.ts';
export * from './migrate.ts';
export type { QueryListener } from './named-statements.ts';
export * from './process-database.ts';
export * from './roles.ts';
export type * from './tables.ts';
export * from './tenants.ts';
