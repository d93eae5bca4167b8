import type { AuditEvent } from './audit-page.tsx';

const columns = [
  'happenedAt',
  'kind',
  'side',
  'staff',
  'actorId',
  'subjectId',
  'address',
  'requestId',
  'details',
  'id',
] as const;

/**
 * RFC 4180. A text that a spreadsheet would read as a formula gets an apostrophe before it (CSV injection), within a cell too: where the
 * decimal point is a comma, Excel divides at semicolons, which the quotes of these cells do not hide.
 */
export function writeCsv(events: readonly AuditEvent[]): string {
  const rows = events.map((event) =>
    [
      event.happenedAt,
      event.kind,
      event.side,
      event.staff?.fullName ?? '',
      event.actorId ?? '',
      event.subjectId ?? '',
      event.address ?? '',
      event.requestId ?? '',
      event.details.map(({ name, value }) => `${name}=${value}`).join('; '),
      event.id,
    ]
      .map(writeCell)
      .join(','),
  );
  return `${[columns.join(','), ...rows].join('\r\n')}\r\n`;
}

function writeCell(text: string): string {
  const safe = text.replace(/(^|[;\t\r\n])([\s"]*)(?=[=+\-@＝＋－＠])/g, "$1$2'");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One JSON object a line. */
export function writeLines(events: readonly AuditEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}
