import { expect, test } from 'vitest';
import { type AddressReach, mayLeadTo, reachOf } from './address-reach.ts';

test.each<[AddressReach, string[]]>([
  ['local', ['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254', '::', '::1', 'fe80::1', 'fe80::1%eth0']],
  ['local', ['::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '64:ff9b::7f00:1', 'no address', '']],
  ['private', ['10.0.0.1', '100.64.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '198.18.0.1']],
  ['private', ['224.0.0.1', '255.255.255.255', 'fc00::1', 'fd12:3456::1', 'ff02::1', '2002:a00:1::']],
  ['private', ['::ffff:10.0.0.1', '::ffff:c0a8:101', '64:ff9b::10.0.0.1', '2001:db8::1']],
  ['public', ['8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '2606:4700::1111', '2a00:1450::1']],
  ['public', ['::ffff:8.8.8.8', '64:ff9b::8.8.8.8']],
])('%s: %s', (reach, addresses) => {
  expect(addresses.map(reachOf)).toEqual(addresses.map(() => reach));
});

test('a server leads to addresses that as many can reach as itself, or more', () => {
  const reaches = ['local', 'private', 'public'] as const;
  const allowed = reaches.map((from) => reaches.filter((to) => mayLeadTo(from, to)));
  expect(allowed).toEqual([['local', 'private', 'public'], ['private', 'public'], ['public']]);
});
