import { BrokenProtocolError, isServerAway } from '@signet/flow';
import { DatabaseSilentError, PoolBusyError } from './pool/pool-errors.ts';
import { OutOfTimeError } from './request-scope.ts';

/** `input`: the client sent a value that no column can hold. `unavailable`: the server cannot be used right now. */
export type DatabaseErrorReason = 'input' | 'unavailable';

/** Appendix A of the PostgreSQL manual. */
const inputStates = new Set([
  '22001', // string_data_right_truncation
  '22003', // numeric_value_out_of_range
  '22021', // character_not_in_repertoire: a NUL byte
  '22P02', // invalid_text_representation: an id that is no uuid
]);

const unavailableStates = new Set([
  '25006', // read_only_sql_transaction: a standby during failover
  '40001', // serialization_failure, and
  '40P01', // deadlock_detected: tried again, and lost each time
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '57014', // query_canceled: the statement timeout
]);

const ownErrors = [OutOfTimeError, DatabaseSilentError, PoolBusyError, BrokenProtocolError];

/**
 * What a failed query means to the client, or undefined for a fault of our own. Looks through `cause`. The error's text
 * must not be sent on: it can hold values and SQL.
 */
export function databaseErrorToReason(error: unknown): DatabaseErrorReason | undefined {
  if (!(error instanceof Error)) return undefined;
  if (ownErrors.some((kind) => error instanceof kind)) return 'unavailable';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    if (inputStates.has(code)) return 'input';
    if (unavailableStates.has(code)) return 'unavailable';
  }
  if (isServerAway(error)) return 'unavailable';
  return databaseErrorToReason(error.cause);
}

/** Why no connection to the server of this URL could be made, in one line without the password; else undefined. */
export function explainConnectionError(error: unknown, url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { code } = error as { code?: unknown };
  const { host, pathname, username } = new URL(url);
  const advice = 'check DATABASE_URL.';
  if (code === '28P01' || code === '28000')
    return `The database at ${host} refuses the user '${username}': ${advice}`;
  if (code === '3D000')
    return `The database '${pathname.slice(1)}' does not exist at ${host}: create it, or ${advice}`;
  if (code === '53300') return `The database at ${host} has no connection free.`;
  if (typeof code === 'string' && /^(E[A-Z_]+|08\d\w\d|57P0\d)$/.test(code)) {
    return `Cannot reach the database at ${host} (${code}): start it, or ${advice}`;
  }
  if (error instanceof DatabaseSilentError)
    return `The database at ${host} does not answer: start it, or ${advice}`;
  if (
    error instanceof Error &&
    /timeout exceeded|timeout expired|Connection terminated/.test(error.message)
  ) {
    return `The database at ${host} does not answer: start it, or ${advice}`;
  }
  if (error instanceof Error && /SSL|TLS|certificate/i.test(`${code} ${error.message}`)) {
    return `No encrypted connection to the database at ${host} (${error.message}): ${advice}`;
  }
  return undefined;
}
