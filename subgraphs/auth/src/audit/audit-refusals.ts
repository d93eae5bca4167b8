import type { SampledAudit } from '@signet/db';
import { readClientPrefix } from '@signet/flow';
import type { AuditKind, Platform } from '@signet/schema/contract';
import type { OperationHooks, RefusalError } from '@signet/service';
import { accountIdOf, auditedCaller, platformOf } from '@signet/session';
import { createRefusalListener } from '@signet/subgraph';
import type { GraphqlContext } from '../context.ts';

type RefusalAuditOptions = {
  /** By platform; only the platforms that this process holds. */
  samplesOf(platform: Platform): SampledAudit | undefined;
  /** The platform with which a field of Query or Mutation is registered. */
  platformOfField(field: string): Platform | undefined;
};

const signIns = new Set(['login', 'portalLogin']);
const refreshes = new Set(['refresh', 'portalRefresh']);

/** Samples the refusals of this process, except those of wrong credentials: a failed sign-in has its own row. */
export function createRefusalAudit({ samplesOf, platformOfField }: RefusalAuditOptions): OperationHooks {
  return createRefusalListener<GraphqlContext>((refusal, field, { session, tenantId, client }) => {
    const kind = kindOf(refusal, field);
    // The platform of the caller, or of the field that a caller without a session asked for.
    const platform = session.platform === 'none' ? platformOfField(field ?? '') : platformOf(session);
    const samples = samplesOf(platform ?? 'user') ?? samplesOf('user') ?? samplesOf('portal');
    if (!kind || !samples) return;
    const known = session.platform === 'none' ? undefined : session;
    const actorId = known && accountIdOf(known);
    const caller = known?.sessionId ?? actorId ?? readClientPrefix(client.address).network;
    samples.tell(kind, caller, {
      tenantId,
      origin: client,
      ...(known && { sessionId: known.sessionId, actorId }),
      details: { reason: refusal.reason, ...(field && { field }), ...(known && auditedCaller(known)) },
    });
  });
}

function kindOf({ code, reason }: RefusalError, field = ''): AuditKind | undefined {
  switch (code) {
    case 'RATE_LIMITED':
      return 'auth.throttled';
    case 'FORBIDDEN':
      return 'authz.refused';
    case 'UNAUTHENTICATED':
      if (signIns.has(field)) return undefined;
      if (!refreshes.has(field)) return 'authz.refused';
      // A page that was just opened asks whether somebody is signed in: it has no cookie where nobody is.
      return reason === 'auth.failure.missing_token' ? undefined : 'auth.refresh.refused';
    default:
      return undefined;
  }
}
