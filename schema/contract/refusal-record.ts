import type { Check } from './checks.ts';
import type { CallerKind } from './claims.ts';
import type { OauthRouteName } from './oauth.ts';
import type { Platform } from './platforms.ts';

/** The path at which auth accepts what entrances refused, request by request, beside its /graphql and only with their proof. */
export const refusalRecordPath = '/internal/refusal-records';
/** Records in one report. */
export const maxRefusalRecords = 40;
/** Refusals of one request that are kept. */
export const maxRefusalsOfRecord = 20;

/** A condition of an access rule, and whether the caller met it. `anyOf`: all names of one of the inner lists are needed. */
export type RecordedCondition = {
  kind: 'authenticated' | 'platform' | 'callers' | 'scopes' | 'policies' | 'recentAuth';
  anyOf?: readonly (readonly string[])[] | undefined;
  /** Of `recentAuth`: how long ago the last sign-in may have been. */
  seconds?: number | undefined;
  /** Undefined where the subgraph decides. */
  isMet?: boolean | undefined;
};

/** One refusal of a request. Ids, words of ours, names of the schema and of the operation, and numbers; never a value of the client's. */
export type RecordedRefusal = {
  /** Undefined where it could have been one of several checks. */
  check?: Check | undefined;
  code: string;
  reason?: string | undefined;
  /** `Query.portalMe`: the field whose rule refused. */
  field?: string | undefined;
  /** `portalMe.email`: response keys of the place in the answer, without list positions. */
  path?: string | undefined;
  subgraph?: string | undefined;
  /** How many places of the answer were refused so. */
  count: number;
  rule?: readonly RecordedCondition[] | undefined;
  limit?: { found: number; allowed: number } | undefined;
  retryAfterSeconds?: number | undefined;
};

/** A request that was refused, as its entrance saw it. */
export type RefusalRecord = {
  requestId: string;
  /** When it was answered: milliseconds since 1970. */
  at: number;
  /** Whether the answer holds data beside its errors. */
  isPartial: boolean;
  status: number;
  hasToken: boolean;
  /** From a valid token, or of a client that has proved to an OAuth route that it is itself. */
  account?: { id: string; tenantId: string } | undefined;
  caller?: CallerKind | undefined;
  /** The member of staff who acts as the customer. */
  act?: string | undefined;
  role?: string | undefined;
  /** Scopes of the token, where a rule refused. */
  scopes?: readonly string[] | undefined;
  /** Seconds since the person proved who they are, where a rule refused. */
  signInAge?: number | undefined;
  /** Without a token that names one: the slug of the tenant that the host or header named. */
  tenant?: string | undefined;
  /** Of a client that has not proved that it is the one that it names: the tenant of that one. */
  tenantId?: string | undefined;
  /** The client's network: an IPv4 address, a /64 of IPv6. */
  network?: string | undefined;
  operation?:
    | { name?: string | undefined; type: 'query' | 'mutation' | 'subscription'; hash: string }
    | undefined;
  client?: { name?: string | undefined; version?: string | undefined } | undefined;
  /** Of a request to an OAuth route, which is no operation. */
  oauth?: OauthRouteName | undefined;
  refusals: readonly RecordedRefusal[];
};

/**
 * Up to when a process of a gateway has reported: all that it refused since `since` and before `until` (milliseconds since 1970) is recorded or counted.
 * `source` is the process, as long as its settings are the same. `isLast`: it stops, and nothing waits in it.
 */
export type RefusalCoverage = { source: string; since: number; until: number; isLast: boolean };

/**
 * Records of one platform. `leftOut`: how many more were refused that are not here, since there was no room for them, and since when
 * (milliseconds since 1970): while auth gives no answer, the report of them waits.
 */
export type RefusalRecordReport = {
  platform: Platform;
  records: readonly RefusalRecord[];
  leftOut?: number | undefined;
  leftOutSince?: number | undefined;
  /** Alone, without records: an auth process of the last release takes no report that holds it. */
  coverage?: RefusalCoverage | undefined;
};
