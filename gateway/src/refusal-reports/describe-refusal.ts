import {
  findReason,
  isTenantSlug,
  type Platform,
  type RefusingPlace,
  type ReportedRefusal,
} from '@signet/schema/contract';
import { parseSignetContext } from '@signet/service';
import { anonymousSession, type Session } from '@signet/session';
import { networkOf } from '../client-network.ts';

/** What was refused to whom, as the entrance met it. */
export type HeardRefusal = {
  reason: string;
  place: RefusingPlace;
  /** `Query.portalMe`, where it was a field. */
  field?: string | undefined;
  /** Without one that holds: nobody. */
  session?: Session | undefined;
  signetContext: string;
};

/** `caller`: under whom it is counted. */
export type DescribedRefusal = {
  caller: string;
  platform: Platform;
  refusal: Omit<ReportedRefusal, 'count'>;
};

/** What honest clients meet every day, since tokens expire: only how many there were is of interest. */
const everyday = new Set(['auth.failure.expired', 'auth.failure.missing_token']);
const refusingCodes = new Set<unknown>(['UNAUTHENTICATED', 'FORBIDDEN']);

/** Undefined for what is no refusal of a caller: bad input, an outage. */
export function describeRefusal(
  { reason, place, field, session = anonymousSession, signetContext }: HeardRefusal,
  platforms: readonly Platform[],
): DescribedRefusal | undefined {
  if (!refusingCodes.has(findReason(reason)?.code)) {
    return undefined;
  }
  const platform = session.platform === 'none' ? platformOf(field, platforms) : session.platform;
  const told = { reason, place, ...(field && { field }) };
  const { clientAddress, tenant: named = '', requestId } = parseSignetContext(signetContext) ?? {};
  const tenant = isTenantSlug(named) ? named : undefined;
  const ofNobody = { ...told, ...(tenant && { tenant }) };
  if (everyday.has(reason)) {
    return { caller: `${platform} ${tenant ?? ''}`, platform, refusal: { ...ofNobody, ofMany: true } };
  }
  if (session.platform === 'none') {
    // Says less of a person, and as much of a machine, than the whole address.
    const address = networkOf(clientAddress);
    const refusal = { ...ofNobody, ...(address && { address }), requestId };
    return { caller: `${platform} ${tenant ?? ''} ${address}`, platform, refusal };
  }
  const { sessionId: id, tenantId } = session;
  const accountId = session.platform === 'user' ? session.userId : session.staffId;
  const refusal = { ...told, session: { id, accountId, tenantId }, address: clientAddress, requestId };
  return { caller: id, platform, refusal };
}

/** The side on which it happened: that of the entrance, or of the field that somebody without a session asked for. */
function platformOf(field: string | undefined, platforms: readonly Platform[]): Platform {
  const [only, another] = platforms;
  if (only && !another) return only;
  return field?.split('.')[1]?.startsWith('portal') ? 'portal' : 'user';
}
