import { OutOfTimeError } from './deadline.ts';

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
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '53300', // too_many_connections
  '57014', // query_canceled: the statement timeout
]);

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** pg and pg-pool throw these without a code. */
const lostConnection =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/**
 * What a failed query means to the client, or undefined for a fault of our own. Looks through `cause`. The error's text
 * must not be sent on: it can hold values and SQL.
 */
export function databaseErrorToReason(error: unknown): DatabaseErrorReason | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof OutOfTimeError) return 'unavailable';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    if (inputStates.has(code)) return 'input';
    if (/^(08|57P0)/.test(code) || unavailableStates.has(code) || networkCodes.has(code))
      return 'unavailable';
  }
  if (lostConnection.test(error.message)) return 'unavailable';
  return databaseErrorToReason(error.cause);
}
