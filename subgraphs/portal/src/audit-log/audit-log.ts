import { inTenant } from '@signet/db';
import { type AuditKind, auditEvents, isAuditKind } from '@signet/schema/contract';
import { badInput } from '@signet/service';
import { createConnection, createCursorCodec, isIntegerKey, readId, readPage } from '@signet/subgraph';
import type { AuditEventResolvers, AuditLogFilter, QueryResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';
import { type AuditFilter, findAuditPage } from './audit-log.queries.ts';

/** Latest first: microseconds since 1970 and the id. */
const codec = createCursorCodec<number>(
  'audit:latest',
  (key): key is number => isIntegerKey(key) && key >= 0,
);

export const auditLog: NonNullable<QueryResolvers['auditLog']> = async (_parent, args, ctx) => {
  requireStaff(ctx.session, 'audit:read');
  const page = readPage(args, codec);
  const filter = readFilter(args.filter ?? {});
  const rows = await inTenant(ctx.db, ctx.tenantId, (trx) => findAuditPage(trx, filter, page));
  return createConnection(rows, page, codec, (row) => ({ key: row.happened_microseconds, id: row.id }));
};

export const auditEventResolvers: AuditEventResolvers = {
  happenedAt: (row) => row.happened_at,
  side: (row) => row.platform,
  owaspName: ({ kind }) => (isAuditKind(kind) ? auditEvents[kind] : null),
  actorId: (row) => row.actor_id,
  subjectId: (row) => row.subject_id,
  sessionId: (row) => row.session_id,
  requestId: (row) => row.request_id,
  details: ({ details }) => Object.entries(details).map(([name, value]) => ({ name, value: String(value) })),
};

/** @throws {RefusalError} input.kind, input.actorId, input.subjectId, input.until */
function readFilter({ kind, actorId, subjectId, ...instants }: AuditLogFilter): AuditFilter {
  // The scalar has read them: Dates, whatever the generated type says.
  const since = instants.since ? new Date(instants.since) : undefined;
  const until = instants.until ? new Date(instants.until) : undefined;
  if (since && until && since >= until) {
    throw badInput('until', 'This instant must come after `since`.');
  }
  return {
    kind: readKind(kind),
    actorId: readOptionalId('actorId', actorId),
    subjectId: readOptionalId('subjectId', subjectId),
    since,
    until,
  };
}

function readKind(kind: string | null | undefined): AuditKind | undefined {
  if (kind === null || kind === undefined) return undefined;
  if (!isAuditKind(kind)) throw badInput('kind', 'There is no such kind; docs/audit.md lists them.');
  return kind;
}

function readOptionalId(field: string, id: string | null | undefined): string | undefined {
  return id === null || id === undefined ? undefined : readId(field, id);
}
