import ipaddr from 'ipaddr.js';

/** Tells the client's address from the connection's and the forwarding headers. */
export type ClientAddressReader = (
  peer: string | undefined,
  headers: Readonly<Record<string, string | string[] | undefined>>,
) => string | undefined;

/**
 * Reads the client's address. Forwarding headers count only when the peer is a trusted proxy, and from the right: each
 * trusted hop vouches for the one before it, the first untrusted address is the client (RFC 7239, section 8.1). Most
 * proxies write one of the two headers and pass the other on as the client wrote it: where both are there and disagree,
 * neither is believed and the proxy counts as the client.
 */
export function createClientAddressReader(trustedRanges: readonly string[]): ClientAddressReader {
  const ranges = trustedRanges.map((range) => ipaddr.parseCIDR(range));
  const isTrusted = (address: string) => {
    const parsed = ipaddr.process(address);
    return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range));
  };
  return (peer, headers) => {
    const client = peer === undefined ? undefined : normalise(peer);
    if (client === undefined || !isTrusted(client)) {
      return client;
    }
    const claims = forwardedChains(headers).map((hops) => followTrusted(hops, client, isTrusted));
    const [claimed = client] = claims;
    return claims.every((other) => other === claimed) ? claimed : client;
  };
}

/** Goes from the last hop to the first, for as long as each is trusted. What is no address vouches for nothing. */
function followTrusted(
  hops: readonly string[],
  peer: string,
  isTrusted: (address: string) => boolean,
): string {
  let known = peer;
  for (const hop of hops.toReversed()) {
    const address = normalise(hop);
    if (address === undefined) {
      return known;
    }
    known = address;
    if (!isTrusted(address)) {
      return address;
    }
  }
  return known;
}

/** One spelling of an address: without port, brackets and zone; IPv4 inside IPv6 as IPv4. Undefined for anything else. */
function normalise(address: string): string | undefined {
  const bare = address
    .trim()
    .replace(/^"|"$/g, '')
    .replace(/^\[([^\]]+)\](?::\d+)?$/, '$1')
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1')
    .replace(/%.*$/, '');
  // ipaddr.js takes 1, 0x7f.1 and 010.0.0.1 for IPv4, too: ways to look like another.
  return ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare)
    ? ipaddr.process(bare).toString()
    : undefined;
}

/** The chain of each forwarding header that is there, the hop next to us last. */
function forwardedChains(headers: Readonly<Record<string, string | string[] | undefined>>): string[][] {
  const forwarded = joined(headers.forwarded)
    ?.split(',')
    .map((hop) => /(?:^|;)\s*for=("[^"]*"|[^;]*)/i.exec(hop)?.[1] ?? '');
  const xForwardedFor = joined(headers['x-forwarded-for'])?.split(',');
  return [forwarded, xForwardedFor].filter((chain) => chain !== undefined);
}

function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}

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
