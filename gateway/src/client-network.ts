import ipaddr from 'ipaddr.js';

/**
 * The network by which a client is told from others, of an address that client-address.ts has read: an IPv4 address as it is,
 * the /64 of one of IPv6, since a client has that at least and may choose from it at will. Undefined where there is none.
 */
export function networkOf(address = ''): string | undefined {
  if (!ipaddr.IPv6.isValid(address)) {
    return ipaddr.IPv4.isValidFourPartDecimal(address) ? address : undefined;
  }
  const { parts } = ipaddr.IPv6.parse(address);
  return new ipaddr.IPv6([...parts.slice(0, 4), 0, 0, 0, 0]).toString();
}
