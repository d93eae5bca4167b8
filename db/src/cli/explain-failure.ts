import { explainConnectionError } from '../database-errors.ts';
import { DatabaseStartError } from '../embedded/index.ts';
import { MigrationError } from '../migrate/migrate.ts';
import { RoleError } from '../roles.ts';
import { SeedError } from '../seed/index.ts';
import { CliError } from './errors.ts';

/** A line for a failure that the operator can remove; for one of our own, all there is to find it. */
export function explainFailure(error: unknown, adminUrl: string | undefined): string {
  const isExpected = [CliError, DatabaseStartError, MigrationError, RoleError, SeedError].some(
    (type) => error instanceof type,
  );
  if (isExpected) return (error as Error).message;
  const connection = adminUrl && URL.canParse(adminUrl) ? explainConnectionError(error, adminUrl) : undefined;
  if (connection) return connection;
  const { code, message } = error as { code?: unknown; message?: string };
  // A refusal of the server's, such as 42501 (insufficient_privilege).
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code))
    return `The database refused: ${message} (${code}).`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
