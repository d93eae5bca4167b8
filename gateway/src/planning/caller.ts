import { parseSignetContext } from '@signet/service';
import ipaddr from 'ipaddr.js';
import type { GatewayContext } from '../gateway-context.ts';

/** Who takes turns with others: a session, or the network address of who has none. */
export function callerOf({ session, signetContext }: GatewayContext): string {
  return session.platform === 'none'
    ? networkOf(parseSignetContext(signetContext)?.clientAddress)
    : `session ${session.sessionId}`;
}

/** One subscriber of IPv6 has a /64 at least, and may choose from it at will. */
function networkOf(address: string | undefined): string {
  if (!address || !ipaddr.isValid(address)) {
    return 'unknown';
  }
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? `${parsed.parts.slice(0, 4).join(':')}::/64` : parsed.toString();
}
