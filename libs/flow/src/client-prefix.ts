import { isIPv4, isIPv6 } from 'node:net';

/** The parts of a client's address that are counted: each of them may be one client, so a limit holds for each. */
export type ClientPrefix = {
  /** An IPv4 address, or the /64 that a provider gives to one machine. */
  address: string;
  /** An IPv4 address, or the /56 that a provider gives to one household (RIPE-690, section 4.2). */
  site: string;
  /** An IPv4 address, or the /48 within which anybody may own 65,536 of the above. */
  network: string;
  /** An IPv4 /24 or an IPv6 /32, which one party may own and many people may share: for who comes first, never to refuse. */
  allocation: string;
};

const unknown: ClientPrefix = {
  address: 'unknown',
  site: 'unknown',
  network: 'unknown',
  allocation: 'unknown',
};

/** IPv4 written as IPv6 (::ffff:192.0.2.1) is IPv4. Clients without an address share one prefix. */
export function readClientPrefix(address: string | null): ClientPrefix {
  if (address === null) {
    return unknown;
  }
  if (isIPv4(address)) {
    return ofIpv4(address);
  }
  const groups = isIPv6(address) ? expand(address) : undefined;
  if (!groups) {
    return unknown;
  }
  const ipv4 = readMapped(groups);
  if (ipv4) {
    return ofIpv4(ipv4);
  }
  const [one = 0, two = 0, three = 0, four = 0] = groups;
  return {
    address: `${toText([one, two, three, four])}/64`,
    site: `${toText([one, two, three, four & 0xff00])}/56`,
    network: `${toText([one, two, three])}/48`,
    allocation: `${toText([one, two])}/32`,
  };
}

function ofIpv4(address: string): ClientPrefix {
  const allocation = `${address.slice(0, address.lastIndexOf('.'))}/24`;
  return { address, site: address, network: address, allocation };
}

/** The eight groups of an address. The URL parser (RFC 5952) writes all spellings as one. */
function expand(address: string): number[] | undefined {
  const host = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  if (host === undefined) {
    return undefined;
  }
  const [head = '', tail] = host.split('::');
  const before = head.split(':').filter(Boolean);
  const after = (tail ?? '').split(':').filter(Boolean);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

function readMapped(groups: readonly number[]): string | undefined {
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : undefined;
}

function toText(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}
