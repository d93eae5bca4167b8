import { type AuditRetention, auditRefusals } from '@signet/db';
import { isAuditKind, isSubgraphAuditKind } from '@signet/schema/contract';
import { z } from 'zod';

/** What anybody can cause at will. All else is kept for ever unless AUDIT_RETENTION_DAYS says so. */
const defaultRetention = auditRefusals.map((kind) => `${kind}=180`).join(',');

/** The database deletes nothing younger (migration 0017). */
const minDays = 30;
const maxDays = 36_500;
const everyOther = '*';

/** Kinds of audit rows with the days for which they are kept. */
export const auditRetentionField = z
  .string()
  .default(defaultRetention)
  .transform((text, issues): AuditRetention => {
    const days = new Map<string, number>();
    for (const part of text.split(',').map((piece) => piece.trim())) {
      if (part === '' || part === 'none') continue;
      const [kind = '', count = ''] = part.split('=').map((piece) => piece.trim());
      const fault = findFault(kind, count);
      if (fault) issues.addIssue({ code: 'custom', message: fault });
      days.set(kind, Number(count));
    }
    return Object.fromEntries(days);
  })
  .describe(
    `Days for which audit rows are kept, by kind: \`auth.login.failure=180,${everyOther}=730\`. \`${everyOther}\`: every kind that is not named, a subgraph's too; without it such rows are kept for ever. At least ${minDays}; \`none\`: all rows are kept.`,
  );

function findFault(kind: string, count: string): string | undefined {
  if (kind !== everyOther && !isAuditKind(kind) && !isSubgraphAuditKind(kind))
    return `names a kind that docs/audit.md does not have: ${kind}`;
  const days = /^\d{1,5}$/.test(count) ? Number(count) : 0;
  return days < minDays || days > maxDays
    ? `must have a number of days from ${minDays} to ${maxDays} for ${kind}`
    : undefined;
}
