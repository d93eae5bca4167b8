import { explainConnectionError } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';

/** 3F000 invalid_schema_name, 42P01 undefined_table, 42703 undefined_column */
const notMigratedStates = new Set(['3F000', '42P01', '42703']);

/** A database that can't be used at start, as one line that names the variable; every other error as it is. */
export function explainStartError(error: unknown, platform: Platform, databaseUrl: string): unknown {
  const variable = `${platform.toUpperCase()}_DATABASE_URL`;
  if (notMigratedStates.has(String((error as { code?: unknown }).code))) {
    return new ConfigError([`${variable}: that database is not up to date; run npm run db -- migrate`]);
  }
  const text = explainConnectionError(error, databaseUrl);
  return text ? new ConfigError([`${variable}: ${text.replace('DATABASE_URL', variable)}`]) : error;
}
