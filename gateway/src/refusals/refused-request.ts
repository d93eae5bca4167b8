import type { IncomingHttpHeaders } from 'node:http';
import {
  type Check,
  checkOf,
  findReason,
  isStaffRole,
  isTenantSlug,
  maxRefusalsOfRecord,
  type RecordedRefusal,
  type RefusalRecord,
} from '@signet/schema/contract';
import { type RefusalNote, refusalLabels } from '@signet/service';
import { accountIdOf, auditedCaller, type KnownSession, type Session } from '@signet/session';
import type { GraphQLFormattedError } from 'graphql';
import { networkOf } from '../admission/client-address.ts';
import type { OperationIdentity } from '../telemetry/operation-identity.ts';
import { readClient } from '../telemetry/request-telemetry.ts';
import type { RefusedOauth } from './refused-oauth.ts';

/** A request that was answered with errors, as the place saw it that answered. */
export type RefusedRequest = {
  requestId: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  status: number;
  errors: readonly GraphQLFormattedError[];
  hasData: boolean;
  /** What the checks noted. */
  notes: readonly RefusalNote[];
  session: Session;
  hasToken: boolean;
  /** Slug of the tenant that the host or a header names. */
  tenant: string | undefined;
  clientAddress: string | undefined;
  operation?: OperationIdentity | undefined;
  /** The check of an outage that nobody has noted. */
  outageCheck?: Check | undefined;
  /** Where the request was no operation. */
  oauth?: RefusedOauth | undefined;
};

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const fieldForm = /^[A-Za-z_]\w{0,99}\.[A-Za-z_]\w{0,99}$/;
const scopeForm = /^[\w.:/-]{1,100}$/;
const subgraphForm = /^[\w-]{1,64}$/;
const pathForm = /^[\w.]+$/;
const largestNumber = 1_000_000_000;
const longestPath = 200;
const mostScopes = 100;

/** Describes a refused request by ids, names and numbers. No text of an error is kept: some hold what the client sent. */
export function describeRefused(request: RefusedRequest, now = Date.now()): RefusalRecord {
  const { requestId, session, tenant, operation, headers, hasData, hasToken, status, oauth } = request;
  const refusals = oauth ? [oauth.refusal] : describeRefusals(request);
  const isByRule = refusals.some(({ rule, code }) => rule !== undefined || code === 'FORBIDDEN');
  const client = readClient(headers as IncomingHttpHeaders);
  const network = networkOf(request.clientAddress);
  return {
    requestId,
    at: now,
    isPartial: hasData,
    status,
    hasToken,
    ...(session.platform !== 'none' && describeCaller(session, isByRule, now)),
    ...(oauth && { oauth: oauth.route }),
    ...(oauth?.client && { account: oauth.client, caller: 'service' }),
    ...(oauth?.tenantId !== undefined && { tenantId: oauth.tenantId }),
    ...(tenant !== undefined && isTenantSlug(tenant) && { tenant }),
    ...(network && { network }),
    ...(operation && {
      operation: {
        ...(operation.name !== undefined && { name: operation.name }),
        type: operation.type,
        hash: operation.hash,
      },
    }),
    ...((client.name ?? client.version) !== undefined && { client }),
    refusals,
  };
}

function describeCaller(session: KnownSession, isByRule: boolean, now: number): Partial<RefusalRecord> {
  const { tenantId = '', scopes, authTime } = session;
  const id = accountIdOf(session);
  const { caller, act } = auditedCaller(session);
  const role = session.platform === 'portal' ? session.role : undefined;
  return {
    // Those of a configured issuer may have any form.
    ...(uuidForm.test(id) && uuidForm.test(tenantId) && { account: { id, tenantId } }),
    ...(caller && { caller }),
    ...(act !== undefined && uuidForm.test(act) && { act }),
    ...(isStaffRole(role) && { role }),
    ...(isByRule && {
      scopes: [...scopes].filter((scope) => scopeForm.test(scope)).slice(0, mostScopes),
      ...(authTime !== undefined && {
        signInAge: Math.min(largestNumber, Math.max(0, Math.round(now / 1000 - authTime))),
      }),
    }),
  };
}

/** One for each place and reason that the checks noted; of what nobody noted, one for each reason of the answer. */
function describeRefusals({ errors, notes, outageCheck }: RefusedRequest): RecordedRefusal[] {
  const noted = new Map<string, RecordedRefusal>();
  const add = (refusal: RecordedRefusal) => {
    const key = JSON.stringify([
      refusal.check,
      refusal.code,
      refusal.reason,
      refusal.subgraph,
      refusal.field,
    ]);
    const known = noted.get(key);
    if (known) noted.set(key, { ...known, count: known.count + refusal.count });
    else if (noted.size < maxRefusalsOfRecord) noted.set(key, refusal);
  };
  for (const error of errors) {
    const { code, reason } = labelsOf(error);
    // A note without a reason is about the whole request.
    const own = notes.filter((note) => note.reason === undefined || note.reason === reason);
    const path = pathOf(error);
    const matching = own.find((note) => note.path !== undefined && note.path === path) ?? own[0];
    const { check, field, subgraph, rule, limit } = matching ?? {};
    const { retryAfterSeconds } = error.extensions ?? {};
    const isOutage = findReason(reason ?? '')?.code === 'SERVICE_UNAVAILABLE';
    add({
      check: check ?? (isOutage ? outageCheck : undefined) ?? checkOf(code, reason),
      code,
      ...(reason !== undefined && { reason }),
      ...(field !== undefined && fieldForm.test(field) && { field }),
      ...(path && { path }),
      ...(subgraph !== undefined && subgraphForm.test(subgraph) && { subgraph }),
      count: 1,
      ...(rule && { rule }),
      ...(limit && { limit }),
      ...(isWholeNumber(retryAfterSeconds) && { retryAfterSeconds }),
    });
  }
  return [...noted.values()];
}

/** Of fixed tables: a subgraph of another team may write anything. */
function labelsOf({ extensions }: GraphQLFormattedError): { code: string; reason: string | undefined } {
  const [code] = refusalLabels(extensions?.code, undefined);
  const reason = extensions?.reason;
  return {
    code,
    reason: typeof reason === 'string' && reason.length <= 100 && findReason(reason) ? reason : undefined,
  };
}

/** A subgraph of another team may write anything for a key, too. */
function pathOf({ path = [] }: GraphQLFormattedError): string | undefined {
  const keys = path.filter((element) => typeof element === 'string').join('.');
  return pathForm.test(keys) ? keys.slice(0, longestPath) : undefined;
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= largestNumber;
}
