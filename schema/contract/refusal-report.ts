import type { Platform } from './platforms.ts';

/** Where auth takes in what an entrance refused; beside its /graphql, and only with the entrance's proof. */
export const refusalReportPath = '/internal/refusals';
export const maxReportedRefusals = 100;

/** Refusals of one reason and caller, as the entrance counted them. */
export type ReportedRefusal = {
  reason: string;
  /** What refused: one of `refusingPlaces` (schema/subgraphs.ts). */
  place: string;
  /** `Query.portalMe`: the field in the schema. */
  field?: string | undefined;
  /** How many there were since the last time the caller was reported for it. */
  count: number;
  /** They are of callers whom nobody told apart: none is named. */
  ofMany?: boolean | undefined;
  /** Of whoever had a token that holds: as it says. */
  session?: { id: string; accountId: string; tenantId: string } | undefined;
  /** Slug that host or header named, where nobody was signed in. */
  tenant?: string | undefined;
  /** Of a stranger the network alone: `2001:db8:1:2::`. */
  address?: string | undefined;
  requestId?: string | undefined;
};

/** Refusals on one platform's side. */
export type RefusalReport = { platform: Platform; refusals: readonly ReportedRefusal[] };

/** The slug of a tenant; what a client writes into a header may be anything. */
export function isTenantSlug(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(text);
}
