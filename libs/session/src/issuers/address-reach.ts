import { BlockList, isIP } from 'node:net';

/**
 * Who else can reach an address. `local`: this machine, or its link, such as the metadata service of a cloud. `private`: a network of somebody's
 * own. `public`: everybody.
 */
export type AddressReach = 'local' | 'private' | 'public';

type Ranges = readonly (readonly [address: string, prefix: number])[];

/** IANA's special-purpose address registries (RFC 6890). */
const local = createList(
  [
    ['0.0.0.0', 8],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ],
  [
    ['::', 128],
    ['::1', 128],
    ['fe80::', 10],
  ],
);
const notPublic = createList(
  [
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ],
  [
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['fc00::', 7],
    ['fec0::', 10],
    ['ff00::', 8],
  ],
);

/** A range of IPv4 is also that of the addresses of IPv6 that lead there: `::ffff:10.0.0.1`, and those of NAT64 (RFC 6052). */
function createList(v4: Ranges, v6: Ranges): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of v4) {
    list.addSubnet(address, prefix, 'ipv4');
    list.addSubnet(`::ffff:${address}`, 96 + prefix, 'ipv6');
    list.addSubnet(`64:ff9b::${address}`, 96 + prefix, 'ipv6');
  }
  for (const [address, prefix] of v6) list.addSubnet(address, prefix, 'ipv6');
  return list;
}

/** @param address of IPv4 or IPv6, without brackets. What is neither counts as local. */
export function reachOf(address: string): AddressReach {
  const [plain = ''] = address.split('%');
  const version = isIP(plain);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (version === 0 || local.check(plain, family)) return 'local';
  return notPublic.check(plain, family) ? 'private' : 'public';
}

const order: readonly AddressReach[] = ['local', 'private', 'public'];

/** Whether a server at one address may send this process to another: not to where fewer can reach it than itself. */
export function mayLeadTo(from: AddressReach, to: AddressReach): boolean {
  return order.indexOf(to) >= order.indexOf(from);
}
