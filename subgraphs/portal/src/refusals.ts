import { requirePortal } from '@signet/access';
import { readInTenant } from '@signet/db';
import {
  type Check,
  checks,
  findOauthReason,
  findReason,
  isScope,
  oauthChecks,
  oauthPathOf,
  type RecordedRefusal,
  scopesOfRole,
  staffRoles,
  tokenChecks,
} from '@signet/schema/contract';
import { badInput } from '@signet/service';
import { createConnection, createCursorCodec, isIntegerKey, readId, readPage } from '@signet/subgraph';
import type { GraphqlContext } from './context.ts';
import {
  countReasons,
  findKept,
  findRefusalPage,
  findRefusalsOf,
  isVisibleTo,
  type KeptRefusals,
  type RefusalReader,
  type RefusalRow,
} from './refusals.queries.ts';
import type {
  CheckRefusal,
  QueryResolvers,
  RefusalCheck,
  RefusalCheckResult,
  RefusalResolvers,
  RefusalState,
} from './resolvers.generated.ts';

const scope = 'refusals:read';

/** Latest first: microseconds since 1970 and the id. */
const codec = createCursorCodec<number>(
  'refusals:latest',
  (key): key is number => isIntegerKey(key) && key >= 0,
);

const requestIdForm = /^[\x21-\x7e]{1,200}$/;
const uuid7Form = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** A gateway reports about once a second, and a request may take half a minute; whoever looks up an id has its answer. */
const pendingMs = 8000;
/** Within this time a gateway that is well says that it has reported everything. */
const reportingMs = 30_000;
const minuteMs = 60_000;
const mostExceptReasons = 20;

/** @throws {RefusalError} input.requestId */
export const refusal: NonNullable<QueryResolvers['refusal']> = async (_parent, args, ctx) => {
  const reader = readerOf(ctx);
  const requestId = args.requestId.trim();
  if (!requestIdForm.test(requestId))
    throw badInput('requestId', 'A request id has 1 to 200 letters, digits and signs, and no spaces.');
  const at = timeOf(requestId);
  const [rows, kept] = await readInTenant(ctx.db, ctx.tenantId, (trx) =>
    Promise.all([findRefusalsOf(trx, requestId), findKept(trx, at)]),
  );
  const refusals = rows.filter((row) => isVisibleTo(row, reader));
  const state = rows.length === 0 ? judgeMissing(at, kept) : refusals.length > 0 ? 'RECORDED' : 'OF_STAFF';
  return { state, refusals: [...refusals], keptSince: kept.since };
};

/** @throws {RefusalError} input.first, input.after, input.reason, input.exceptReasons, input.accountId */
export const refusals: NonNullable<QueryResolvers['refusals']> = async (_parent, args, ctx) => {
  const reader = readerOf(ctx);
  const page = readPage(args, codec);
  const { reason, exceptReasons, accountId } = args.filter ?? {};
  const filter = {
    reason: reason == null ? undefined : readReasonName('reason', reason),
    exceptReasons: readReasonNames('exceptReasons', exceptReasons ?? []),
    accountId: accountId == null ? undefined : readId('accountId', accountId),
  };
  const rows = await readInTenant(ctx.db, ctx.tenantId, (trx) => findRefusalPage(trx, reader, filter, page));
  return createConnection(rows, page, codec, (row) => ({ key: row.happened_microseconds, id: row.id }));
};

export const refusalReasons: NonNullable<QueryResolvers['refusalReasons']> = (_parent, _args, ctx) => {
  const reader = readerOf(ctx);
  return readInTenant(ctx.db, ctx.tenantId, (trx) => countReasons(trx, reader));
};

function readReasonName(field: string, reason: string): string {
  if (!/^[\w.]{1,120}$/.test(reason))
    throw badInput(field, 'There is no such reason. docs/errors.md lists them.');
  return reason;
}

function readReasonNames(field: string, reasons: readonly string[]): string[] {
  if (reasons.length > mostExceptReasons)
    throw badInput(field, `At most ${mostExceptReasons} reasons can be left out.`);
  return reasons.map((reason) => readReasonName(field, reason));
}

/** @throws {RefusalError} for anyone but staff with the scope */
function readerOf({ session }: GraphqlContext): RefusalReader {
  const { staffId, scopes } = requirePortal(session, scope);
  return { staffId, mayReadAudit: scopes.has('audit:read') };
}

/** When an entrance made the id (RFC 9562, section 5.7). Undefined for an id of another form. */
function timeOf(requestId: string): Date | undefined {
  const [, high, low] = uuid7Form.exec(requestId) ?? [];
  return high === undefined ? undefined : new Date(Number.parseInt(`${high}${low}`, 16));
}

function judgeMissing(
  at: Date | undefined,
  { since, now, isLeftOut, isReported }: KeptRefusals,
): RefusalState {
  if (!at || at.getTime() > now.getTime() + minuteMs) return 'UNKNOWN_ID';
  if (at < since) return 'TOO_OLD';
  const ageMs = now.getTime() - at.getTime();
  if (ageMs < pendingMs || (!isLeftOut && !isReported && ageMs < reportingMs)) return 'PENDING';
  return isLeftOut || !isReported ? 'LEFT_OUT' : 'NOT_REFUSED';
}

export const refusalResolvers: RefusalResolvers = {
  requestId: (row) => row.request_id,
  happenedAt: (row) => row.happened_at,
  side: (row) => row.platform,
  isPartial: ({ details }) => details.isPartial,
  operationName: ({ details }) => details.operation?.name ?? null,
  operationType: ({ details }) => details.operation?.type ?? null,
  operationHash: ({ details }) => details.operation?.hash ?? null,
  route: ({ platform, details }) => (details.oauth ? oauthPathOf(platform, details.oauth) : null),
  clientName: ({ details }) => details.client?.name ?? null,
  clientVersion: ({ details }) => details.client?.version ?? null,
  role: ({ details }) => details.role ?? null,
  customer: async ({ platform, account_id: id, caller_kind: kind }, _args, ctx) =>
    platform === 'user' && id !== null && kind !== 'service'
      ? ((await ctx.loaders.customer.load(id)) ?? null)
      : null,
  staff: ({ platform, account_id: own, act_id: act, caller_kind: kind }) => {
    const id = platform === 'portal' && kind !== 'service' ? own : act;
    return id === null ? null : { id };
  },
  serviceId: ({ account_id: id, caller_kind: kind }) => (kind === 'service' ? id : null),
  network: ({ platform, account_id: id, details }, _args, ctx) => {
    const { staffId, mayReadAudit } = readerOf(ctx);
    return platform === 'user' || mayReadAudit || id === staffId ? (details.network ?? null) : null;
  },
  unnamed: ({ details }) =>
    details.refusals.filter(({ check }) => check === undefined).map((one) => describe(one, details)),
  checks: (row) => judgeChecks(row),
};

const subgraphChecks: ReadonlySet<Check> = new Set(checks.slice(checks.indexOf('SUBGRAPH')));

/**
 * What became of each check. Those before the first that refused have passed. At the entrance none comes after it; in the subgraphs the fields
 * of one request meet theirs side by side, so there each check says for itself. At an OAuth route one check comes after the other.
 */
function judgeChecks({ details, account_id: account }: RefusalRow): RefusalCheck[] {
  const { refusals, hasToken, oauth } = details;
  const met = oauth === undefined ? checks : oauthChecks;
  const refusedBy = Map.groupBy(refusals, (one) => one.check);
  const firstRefused = met.find((check) => refusedBy.has(check));
  const hasUnnamed = refusedBy.has(undefined);
  let isOver = false;
  return met.map((check): RefusalCheck => {
    const refused = refusedBy.get(check) ?? [];
    let result: RefusalCheckResult = 'PASSED';
    if (refused.length > 0) result = 'REFUSED';
    // A client that asks too often is told so when it has proved that it is itself.
    else if (oauth && account !== null && check === 'CREDENTIALS') result = 'PASSED';
    else if (isOver) result = 'NOT_REACHED';
    else if (hasUnnamed && firstRefused === undefined) result = 'UNKNOWN';
    else if (!hasToken && tokenChecks.includes(check)) result = 'NOT_NEEDED';
    const isLast = oauth !== undefined || !subgraphChecks.has(check) || check === 'SUBGRAPH';
    if (refused.length > 0 && isLast) isOver = true;
    return { check, result, refused: refused.map((one) => describe(one, details)) };
  });
}

function describe(one: RecordedRefusal, { scopes, signInAge }: RefusalRow['details']): CheckRefusal {
  const { code, reason, field, path, subgraph, count, rule = [], limit, retryAfterSeconds } = one;
  return {
    code,
    reason: reason ?? null,
    text: reason === undefined ? null : ((findReason(reason) ?? findOauthReason(reason))?.text ?? null),
    field: field ?? null,
    path: path ?? null,
    subgraph: subgraph ?? null,
    count,
    conditions: rule.map(({ kind, anyOf = [], seconds, isMet }) => ({
      kind,
      anyOf: anyOf.map((all) => [...all]),
      seconds: seconds ?? null,
      isMet: isMet ?? null,
      roles: kind === 'scopes' ? rolesWith(anyOf) : [],
    })),
    heldScopes: code === 'FORBIDDEN' && scopes ? [...scopes] : null,
    signInAge: code === 'FORBIDDEN' ? (signInAge ?? null) : null,
    found: limit?.found ?? null,
    allowed: limit?.allowed ?? null,
    retryAfterSeconds: retryAfterSeconds ?? null,
  };
}

function rolesWith(anyOf: readonly (readonly string[])[]): string[] {
  return staffRoles.filter((role) =>
    anyOf.some(
      (all) => all.length > 0 && all.every((name) => isScope(name) && scopesOfRole[role].includes(name)),
    ),
  );
}
