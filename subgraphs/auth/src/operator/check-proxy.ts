import { BlockList, isIPv6 } from 'node:net';
import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';
import { type Finding, ok, wrong } from './finding.ts';

/** Fewer sign-ins may all be of one person. */
const fewest = 10;
const mostRows = 5000;

/** Addresses that no customer calls from over the Internet (RFC 1918, RFC 4193, RFC 3927, RFC 6598, loopback). */
const inside = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
] as const) {
  inside.addSubnet(network, prefix, 'ipv4');
}
inside.addSubnet('fc00::', 7, 'ipv6');
inside.addSubnet('fe80::', 10, 'ipv6');
inside.addAddress('::1', 'ipv6');

/**
 * Whether sign-ins have the addresses of clients. Where all of the newest come from one address inside the network, that is a
 * proxy's, and the gateways do not believe its forwarding headers. With https clients come through a proxy: no process here speaks TLS.
 */
export async function checkProxy(
  db: Kysely<Database>,
  platform: Platform,
  issuerUrl: string,
): Promise<Finding[]> {
  if (!issuerUrl.startsWith('https:')) {
    return [];
  }
  const { rows } = await sql<{ address: string | null; count: number }>`
    select host(address) as address, count(*)::integer as count
    from (select kind, address from auth.audit_event where platform = ${platform} order by id desc limit ${mostRows}) as newest
    where kind in ('auth.login.success', 'auth.login.failure') and address is not null
    group by address
  `.execute(db);
  const subject = `${platform} clients`;
  const [only] = rows;
  if (only?.address && rows.length === 1 && only.count >= fewest && isInside(only.address)) {
    return [
      wrong(
        subject,
        `the newest ${only.count} sign-ins all came from ${only.address}, which is inside your network: a proxy that TRUSTED_PROXIES does not list`,
        'Add its address or network to TRUSTED_PROXIES of the gateways. Until then all clients count as one.',
      ),
    ];
  }
  return [ok(subject, `sign-ins came from ${rows.length} ${rows.length === 1 ? 'address' : 'addresses'}`)];
}

function isInside(address: string): boolean {
  return inside.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
