import type { SampledAudit } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import type { AuditKind, Platform } from '@signet/schema/contract';
import type { OperationHooks, RefusalError } from '@signet/service';
import { createRefusalListener } from '@signet/subgraph';
import type { GraphqlContext } from '../context.ts';

type RefusalAuditOptions = {
  /** By platform; only the platforms that this process holds. */
  samplesOf(platform: Platform): SampledAudit | undefined;
  /** The platform with which a field of Query or Mutation is registered. */
  platformOf(field: string): Platform | undefined;
};

const signIns = new Set(['login', 'portalLogin']);
const refreshes = new Set(['refresh', 'portalRefresh']);

/** Samples the refusals of this process, except those of wrong credentials: a failed sign-in has its own row. */
export function createRefusalAudit({ samplesOf, platformOf }: RefusalAuditOptions): OperationHooks {
  return createRefusalListener<GraphqlContext>((refusal, field, { session, tenantId, client }) => {
    const kind = kindOf(refusal, field);
    // The platform of the caller, or of the field that a caller without a session asked for.
    const platform = session.platform === 'none' ? platformOf(field ?? '') : session.platform;
    const samples = samplesOf(platform ?? 'user') ?? samplesOf('user') ?? samplesOf('portal');
    if (!kind || !samples) return;
    const isKnown = session.platform !== 'none';
    const caller = isKnown ? (session.sessionId ?? idOf(session)) : readClientPrefix(client.address).network;
    samples.tell(kind, caller, {
      tenantId,
      origin: client,
      ...(isKnown && { sessionId: session.sessionId, actorId: idOf(session) }),
      details: { reason: refusal.reason, ...(field && { field }) },
    });
  });
}

function kindOf({ code }: RefusalError, field = ''): AuditKind | undefined {
  switch (code) {
    case 'RATE_LIMITED':
      return 'auth.throttled';
    case 'FORBIDDEN':
      return 'authz.refused';
    case 'UNAUTHENTICATED':
      if (signIns.has(field)) return undefined;
      return refreshes.has(field) ? 'auth.refresh.refused' : 'authz.refused';
    default:
      return undefined;
  }
}

function idOf(session: Exclude<GraphqlContext['session'], { platform: 'none' }>): string {
  return session.platform === 'user' ? session.userId : session.staffId;
}
