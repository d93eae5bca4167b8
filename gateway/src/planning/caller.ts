import { parseSignetContext } from '@signet/service';
import { networkOf } from '../client-network.ts';
import type { GatewayContext } from '../gateway-context.ts';

/** Who takes turns with others: a session, or the network address of who has none. */
export function callerOf({ session, signetContext }: GatewayContext): string {
  return session.platform === 'none'
    ? (networkOf(parseSignetContext(signetContext)?.clientAddress) ?? 'unknown')
    : `session ${session.sessionId}`;
}
