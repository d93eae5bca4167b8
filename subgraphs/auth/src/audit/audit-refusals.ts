import type { AuditKind, Platform } from '@signet/schema/contract';
import type { EndpointPlugin, RefusalError } from '@signet/service';
import { createRefusalListener } from '@signet/subgraph';
import type { GraphqlContext } from '../context.ts';
import { readClientPrefix } from '../throttle/client-prefix.ts';

const signIns = new Set(['login', 'portalLogin']);
const refreshes = new Set(['refresh', 'portalRefresh']);

/** Samples what was refused, apart from credentials: a failed sign-in has its own row. */
export function createRefusalAudit(): EndpointPlugin {
  return createRefusalListener<GraphqlContext>((refusal, field, { session, tenantId, held, client }) => {
    const kind = kindOf(refusal, field);
    const issuer =
      held[platformOf(session.platform, field)]?.issuer ?? held.user?.issuer ?? held.portal?.issuer;
    if (!kind || !issuer) return;
    const isKnown = session.platform !== 'none';
    const caller = isKnown ? session.sessionId : readClientPrefix(client.address).network;
    issuer.samples.tell(kind, caller, {
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

/** The side on which it happened: that of the caller, or of the field that somebody without a session asked for. */
function platformOf(platform: Platform | 'none', field = ''): Platform {
  if (platform !== 'none') return platform;
  return field.startsWith('portal') ? 'portal' : 'user';
}

function idOf(session: Exclude<GraphqlContext['session'], { platform: 'none' }>): string {
  return session.platform === 'user' ? session.userId : session.staffId;
}
