import type { CallerKind } from './claims.ts';
import type { Platform } from './platforms.ts';

/** The path at which auth accepts reports of refusals, beside its /graphql and only with the proof of an entrance. */
export const refusalReportPath = '/internal/refusals';
export const maxReportedRefusals = 100;

/** Refusals with one reason and of one caller, counted by the entrance. */
export type ReportedRefusal = {
  reason: string;
  /** What refused: one of `refusingPlaces` (schema/subgraphs.ts). */
  place: string;
  /** `Query.portalMe`: the field in the schema. */
  field?: string | undefined;
  /** How many there were since the last report of this caller and reason. */
  count: number;
  /** The count is of several callers, who are not told apart; none is named. */
  ofMany?: boolean | undefined;
  /** The caller, from a valid token. */
  session?: { id: string; accountId: string; tenantId: string } | undefined;
  /** Where the caller is no person: the kind, and of an impersonated customer the member of staff who acts. */
  caller?: CallerKind | undefined;
  act?: string | undefined;
  /** Without a token: the slug of the tenant that the host or header named. */
  tenant?: string | undefined;
  /** Without a token: the client's network only, for example `2001:db8:1:2::`. */
  address?: string | undefined;
  requestId?: string | undefined;
};

/** Refusals of one platform. */
export type RefusalReport = { platform: Platform; refusals: readonly ReportedRefusal[] };

/** Honest clients meet these every day, since tokens expire and a page that is opened asks whether somebody is signed in. */
export const everydayRefusals: ReadonlySet<string | undefined> = new Set([
  'auth.failure.expired',
  'auth.failure.missing_token',
]);

/** Whether the text can be the slug of a tenant: a client may write anything into a header. */
export function isTenantSlug(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(text);
}
