import { errorTable, findReason } from '@signet/schema/contract';
import { otherValue } from '@signet/telemetry';

const knownCodes = new Set<string>([
  ...Object.keys(errorTable),
  'BAD_REQUEST',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** The values of the labels `code` and `reason` for an error. Both are of fixed tables: a subgraph of others may write anything. */
export function refusalLabels(code: unknown, reason: unknown): [code: string, reason: string] {
  const codeLabel = typeof code === 'string' && knownCodes.has(code) ? code : otherValue;
  return [codeLabel, reasonLabel(reason)];
}

function reasonLabel(reason: unknown): string {
  if (reason === undefined || reason === '-') return '-';
  if (typeof reason !== 'string' || !findReason(reason)) return otherValue;
  return reason.startsWith('input.') ? 'input' : reason;
}
