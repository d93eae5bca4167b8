import type { Platform } from '@signet/schema/contract';
import { rotationDueAt, signsFrom } from '../key-plan.ts';
import type { listEverySigningKey } from '../signing-key.queries.ts';

type Row = Awaited<ReturnType<typeof listEverySigningKey>>[number];
type Policy = { publicationSeconds: number; rotationSeconds: number };

/** The keys of a platform as a table for a terminal: nothing of it is secret. */
export function formatKeyTable(platform: Platform, rows: readonly Row[], policy: Policy): string {
  const active = rows.find(({ state }) => state === 'active');
  const lines = rows.map((row) => [
    row.kid,
    row.algorithm,
    row.state,
    formatTime(row.published_at),
    formatTime(row.activated_at),
    describeFuture(row, active, policy),
  ]);
  const table = [['kid', 'algorithm', 'state', 'published', 'signs since', ''], ...lines];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((line) => line[column]?.length ?? 0)),
  );
  const text = table
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `  ${line.trimEnd()}`);
  return [platform, ...(rows.length > 0 ? text : ['  no key yet: the first start of auth makes them'])].join(
    '\n',
  );
}

export function formatTime(time: Date | null): string {
  return time ? `${time.toISOString().slice(0, 19)}Z` : '–';
}

function describeFuture(row: Row, active: Row | undefined, policy: Policy): string {
  const imported = row.imported ? 'imported; ' : '';
  switch (row.state) {
    case 'next': {
      const due = active && rotationDueAt(active, row, policy);
      const earliest = signsFrom(row, policy);
      return due
        ? `${imported}takes over ${formatTime(due > earliest ? due : earliest)}`
        : `${imported}waits for rotate; may sign from ${formatTime(earliest)}`;
    }
    case 'retiring':
      return `${imported}leaves ${formatTime(row.retire_at)}`;
    case 'retired':
      return `${imported}left ${formatTime(row.retire_at)}`;
    default:
      return imported.replace('; ', '');
  }
}
