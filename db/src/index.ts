export * from './database.ts';
export * from './database-errors.ts';
export type { QueryListener } from './named-statements.ts';
export type * from './tables.ts';
