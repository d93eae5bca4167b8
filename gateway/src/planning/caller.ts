import { parseSignetContext } from '@signet/service';
import { networkOf } from '../client-network.ts';
import type { GatewayContext } from '../gateway-context.ts';

/**
 * Who takes turns with others: an account, since it may open any number of sessions, or the network address of who has
 * none.
 */
export function callerOf({
  session,
  signetContext,
}: Pick<GatewayContext, 'session' | 'signetContext'>): string {
  switch (session.platform) {
    case 'user':
      return `user ${session.userId}`;
    case 'portal':
      return `staff ${session.staffId}`;
    default:
      return networkOf(parseSignetContext(signetContext)?.clientAddress) ?? 'unknown';
  }
}
