import { requirePortal } from '@signet/access';
import { readInTenant, type SampledAudit } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import { isAuditKind, isSubgraphAuditKind, owaspNameOf } from '@signet/schema/contract';
import { badInput, type OperationHooks } from '@signet/service';
import { accountIdOf, auditedCaller } from '@signet/session';
import {
  createConnection,
  createCursorCodec,
  createRefusalListener,
  isIntegerKey,
  readId,
  readPage,
} from '@signet/subgraph';
import { type AuditFilter, findAuditPage } from './audit-log.queries.ts';
import type { GraphqlContext } from './context.ts';
import type { AuditEventResolvers, AuditLogFilter, QueryResolvers } from './resolvers.generated.ts';

/** Latest first: microseconds since 1970 and the id. */
const codec = createCursorCodec<number>(
  'audit:latest',
  (key): key is number => isIntegerKey(key) && key >= 0,
);

export const auditLog: NonNullable<QueryResolvers['auditLog']> = async (_parent, args, ctx) => {
  requirePortal(ctx.session, 'audit:read');
  const page = readPage(args, codec);
  const filter = readFilter(args.filter ?? {});
  const rows = await readInTenant(ctx.db, ctx.tenantId, (trx) => findAuditPage(trx, filter, page));
  return createConnection(rows, page, codec, (row) => ({ key: row.happened_microseconds, id: row.id }));
};

export const auditEventResolvers: AuditEventResolvers = {
  happenedAt: (row) => row.happened_at,
  side: (row) => row.platform,
  owaspName: ({ kind }) => owaspNameOf(kind),
  actorId: (row) => row.actor_id,
  staff: ({ platform, actor_id: id, details }) =>
    id !== null && details.caller !== 'service' && (platform === 'portal' || details.act === id)
      ? { id }
      : null,
  subjectId: (row) => row.subject_id,
  sessionId: (row) => row.session_ref,
  requestId: (row) => row.request_id,
  details: ({ details }) => Object.entries(details).map(([name, value]) => ({ name, value: String(value) })),
};

/** @throws {RefusalError} input.kind, input.actorId, input.subjectId, input.until */
function readFilter({ kind, actorId, subjectId, ...instants }: AuditLogFilter): AuditFilter {
  const since = instants.since ?? undefined;
  const until = instants.until ?? undefined;
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

function readKind(kind: string | null | undefined): string | undefined {
  if (kind === null || kind === undefined) return undefined;
  if (!isAuditKind(kind) && !isSubgraphAuditKind(kind))
    throw badInput('kind', 'There is no such kind. docs/audit.md lists them.');
  return kind;
}

function readOptionalId(field: string, id: string | null | undefined): string | undefined {
  return id === null || id === undefined ? undefined : readId(field, id);
}

/** Writes samples of this subgraph's refusals to the audit log, also those of customers and of callers without a token. */
export function createRefusalAudit(samples: SampledAudit): OperationHooks {
  return createRefusalListener<GraphqlContext>(({ code, reason }, field, { session, tenantId, origin }) => {
    if (code !== 'FORBIDDEN' && code !== 'UNAUTHENTICATED') return;
    const known = session.platform === 'none' ? undefined : session;
    const who = known && { sessionId: known.sessionId, actorId: accountIdOf(known) };
    samples.tell(
      'authz.refused',
      who?.sessionId ?? who?.actorId ?? readClientPrefix(origin.address ?? null).network,
      {
        tenantId,
        origin,
        ...who,
        details: { reason, ...(field && { field }), ...(known && auditedCaller(known)) },
      },
    );
  });
}
