import ipaddr from 'ipaddr.js';

/** Tells the client's address from the connection's and the forwarding headers. */
export type ClientAddressReader = (
  peer: string | undefined,
  headers: Readonly<Record<string, string | string[] | undefined>>,
) => string | undefined;

/**
 * Reads the client's address. Forwarding headers count only when the peer is a trusted proxy, and from the right: each
 * trusted hop vouches for the one before it, the first untrusted address is the client (RFC 7239, section 8.1).
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
    const hops = forwardedAddresses(headers);
    for (let index = hops.length - 1, known = client; ; index -= 1) {
      const hop = hops[index];
      const address = hop === undefined ? undefined : normalise(hop);
      if (address === undefined) {
        return known;
      }
      if (!isTrusted(address)) {
        return address;
      }
      known = address;
    }
  };
}

function normalise(address: string): string | undefined {
  const bare = address
    .trim()
    .replace(/^"|"$/g, '')
    .replace(/^\[([^\]]+)\](?::\d+)?$/, '$1')
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1');
  return ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : undefined;
}

function forwardedAddresses(headers: Readonly<Record<string, string | string[] | undefined>>): string[] {
  const forwarded = joined(headers.forwarded);
  if (forwarded) {
    return forwarded.split(',').map((hop) => /(?:^|;)\s*for=("[^"]*"|[^;]*)/i.exec(hop)?.[1] ?? '');
  }
  const xForwardedFor = joined(headers['x-forwarded-for']);
  return xForwardedFor ? xForwardedFor.split(',') : [];
}

function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
