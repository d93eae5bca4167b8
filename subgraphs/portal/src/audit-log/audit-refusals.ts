import type { SampledAudit } from '@signet/db';
import type { EndpointPlugin } from '@signet/service';
import { createRefusalListener } from '@signet/subgraph';
import type { GraphqlContext } from '../context.ts';

/** Samples who was refused here, customers' tokens and strangers included. */
export function createRefusalAudit(samples: SampledAudit): EndpointPlugin {
  return createRefusalListener<GraphqlContext>(({ code, reason }, field, { session, tenantId, origin }) => {
    if (code !== 'FORBIDDEN' && code !== 'UNAUTHENTICATED') return;
    const isKnown = session.platform !== 'none';
    samples.tell('authz.refused', isKnown ? session.sessionId : (origin.address ?? 'unknown'), {
      tenantId,
      origin,
      ...(isKnown && {
        sessionId: session.sessionId,
        actorId: session.platform === 'user' ? session.userId : session.staffId,
      }),
      details: { reason, ...(field && { field }) },
    });
  });
}
