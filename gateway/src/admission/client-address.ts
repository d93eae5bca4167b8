import { readClientPrefix } from '@signet/flow';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import { readForwarded } from './forwarded.ts';

/** Finds the client's address from that of the connection and the forwarding headers. */
export type ClientAddressReader = (
  peer: string | undefined,
  headers: Readonly<Record<string, string | string[] | undefined>>,
) => string | undefined;

/** The other end of a connection. Each of its requests comes from the same address. */
type Peer = { address: string | undefined; isTrusted: boolean };

const nobody: Peer = { address: undefined, isTrusted: false };
const maxKnownPeers = 1000;

/** Whether an address belongs to a trusted proxy. */
export type ProxyCheck = (address: string | undefined) => boolean;

/**
 * Creates the reader of client addresses. Forwarding headers count only when the peer is a trusted proxy. They are read
 * from the right: each trusted hop vouches for the one before it, and the first untrusted address is the client (RFC
 * 7239, section 8.1). Most proxies write one of the two headers and pass the other on as the client wrote it. So where
 * both are present and disagree, neither is believed and the proxy counts as the client.
 */
export function createClientAddressReader(isTrusted: ProxyCheck): ClientAddressReader {
  const peers = new LRUCache<string, Peer>({ max: maxKnownPeers });
  const readPeer = (peer: string): Peer => {
    const known = peers.get(peer);
    if (known) return known;
    const address = normalise(peer);
    const read = { address, isTrusted: address !== undefined && isTrusted(address) };
    peers.set(peer, read);
    return read;
  };
  return (peer, headers) => {
    const { address: client, isTrusted: isProxy } = peer === undefined ? nobody : readPeer(peer);
    if (client === undefined || !isProxy) {
      return client;
    }
    const claims = forwardedChains(headers).map((hops) => followTrusted(hops, client, isTrusted));
    const [claimed = client] = claims;
    return claims.every((other) => other === claimed) ? claimed : client;
  };
}

/** Takes the networks of TRUSTED_PROXIES. */
export function createProxyCheck(trustedRanges: readonly string[]): ProxyCheck {
  const ranges = trustedRanges.map((range) => ipaddr.parseCIDR(range));
  if (ranges.length === 0) return () => false;
  const isTrusted = (address: string) => {
    const known = normalise(address);
    if (known === undefined) return false;
    const parsed = ipaddr.process(known);
    return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range));
  };
  // Most requests come through the same proxy, and each asks.
  let last = { address: '', isTrusted: false };
  return (address = '') => {
    if (address !== last.address) last = { address, isTrusted: isTrusted(address) };
    return last.isTrusted;
  };
}

/** Goes from the last hop to the first while each is trusted. A hop that is not an address vouches for nothing. */
function followTrusted(
  hops: readonly (string | undefined)[],
  peer: string,
  isTrusted: (address: string) => boolean,
): string {
  let known = peer;
  for (const hop of hops.toReversed()) {
    const address = hop === undefined ? undefined : normalise(hop);
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

/**
 * Gives each address one spelling: without port, brackets and zone, IPv4 inside IPv6 as IPv4. Undefined for anything
 * else.
 */
function normalise(address: string): string | undefined {
  const bare = address
    .trim()
    .replace(/^"|"$/g, '')
    .replace(/^\[([^\]]+)\](?::\d+)?$/, '$1')
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1')
    .replace(/%.*$/, '');
  // ipaddr.js also reads 1, 0x7f.1 and 010.0.0.1 as IPv4, which would let one address look like another.
  return ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare)
    ? ipaddr.process(bare).toString()
    : undefined;
}

/** The chains of the forwarding headers that are present, the nearest hop last. */
function forwardedChains(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): (string | undefined)[][] {
  const forwarded = joined(headers.forwarded);
  const xForwardedFor = joined(headers['x-forwarded-for']);
  return [
    ...(forwarded === undefined ? [] : [readForwarded(forwarded)]),
    ...(xForwardedFor === undefined ? [] : [xForwardedFor.split(',')]),
  ];
}

function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}

/**
 * The network that identifies a client. Takes an address as the reader above returns it: an IPv4 address stays as it
 * is, an IPv6 address becomes its /64, since a client has at least that and may use any address in it. Undefined where
 * there is none.
 */
export function networkOf(address = ''): string | undefined {
  const prefix = readClientPrefix(address).address;
  return prefix === 'unknown' ? undefined : prefix.replace(/\/64$/, '::');
}
