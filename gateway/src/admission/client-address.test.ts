import { expect, test } from 'vitest';
import { createClientAddressReader, createProxyCheck } from './client-address.ts';

const read = createClientAddressReader(createProxyCheck(['10.0.0.0/8', 'fd00::/8']));
const proxy = '10.0.0.1';

test.each([
  ['a stranger', '203.0.113.9', '203.0.113.9'],
  ['a stranger over IPv6', '2001:DB8:0:0::1', '2001:db8::1'],
  ['a stranger over IPv4 inside IPv6', '::ffff:203.0.113.9', '203.0.113.9'],
  ['a link-local neighbour', 'fe80::1%eth0', 'fe80::1'],
])('believes no header of %s', (_, peer, address) => {
  for (const headers of [{}, { 'x-forwarded-for': '1.1.1.1' }, { forwarded: 'for=1.1.1.1' }]) {
    expect(read(peer, headers)).toBe(address);
  }
});

test('knows no address where the connection has none', () => {
  expect(read(undefined, { 'x-forwarded-for': '1.1.1.1' })).toBeUndefined();
});

test('believes nobody where no proxy is trusted', () => {
  expect(createClientAddressReader(createProxyCheck([]))(proxy, { 'x-forwarded-for': '1.1.1.1' })).toBe(
    proxy,
  );
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['6.6.6.6, 203.0.113.9', '203.0.113.9'],
  ['6.6.6.6, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
  ['6.6.6.6, 203.0.113.9, 10.0.0.2 , fd00::7', '203.0.113.9'],
  ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['203.0.113.9:4711', '203.0.113.9'],
  ['2001:db8::1', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['6.6.6.6, unknown', proxy],
  ['6.6.6.6, unknown, 10.0.0.2', '10.0.0.2'],
  ['', proxy],
  [',,,', proxy],
  ['1', proxy],
  ['0x7f.1', proxy],
  ['010.0.0.9', proxy],
  ['203.0.113.9.example', proxy],
  ["' or 1=1 --", proxy],
])('reads X-Forwarded-For %j from the right: %s', (header, address) => {
  expect(read(proxy, { 'x-forwarded-for': header })).toBe(address);
  expect(read(`::ffff:${proxy}`, { 'x-forwarded-for': header })).toBe(address);
});

test.each([
  ['for=203.0.113.9', '203.0.113.9'],
  ['for=6.6.6.6, for=203.0.113.9;proto=https;by=10.0.0.1', '203.0.113.9'],
  ['proto=https; For="[2001:db8::1]:4711"', '2001:db8::1'],
  ['for="203.0.113.9:80", for=10.0.0.2', '203.0.113.9'],
  ['for="203.0.113.9:_port"', '203.0.113.9'],
  ['for="[2001:db8::1]:_a.b-c"', '2001:db8::1'],
  ['for="\\203.0.113\\.9"', '203.0.113.9'],
  ['host="a, for=6.6.6.6;b";for=203.0.113.9', '203.0.113.9'],
  ['for=203.0.113.9;host="a\\", for=6.6.6.6, \\""', '203.0.113.9'],
  ['for=203.0.113.9;;proto=https;', '203.0.113.9'],
  ['for=6.6.6.6;by="unended, for=203.0.113.9', '203.0.113.9'],
  ['for=6.6.6.6;by="unended, for="[2001:db8::1]"', '2001:db8::1'],
  ['for=203.0.113.9:80', proxy],
  ['for=2001:db8::1', proxy],
  ['for="2001:db8::1"', proxy],
  ['for="[203.0.113.9]"', proxy],
  ['for="unknown:4711"', proxy],
  ['for = 203.0.113.9', proxy],
  ['for=203.0.113.9;for=6.6.6.6', proxy],
  ['for=203.0.113.9 proto=https', proxy],
  ['for="203.0.113.9', proxy],
  ['for=6.6.6.6,', proxy],
  ['for=_hidden', proxy],
  ['for=unknown', proxy],
  ['by=6.6.6.6', proxy],
  ['xfor=6.6.6.6', proxy],
  ['for="6.6.6.6, for=203.0.113.9', '203.0.113.9'],
])('reads Forwarded %j from the right: %s', (header, address) => {
  expect(read(proxy, { forwarded: header })).toBe(address);
});

test('believes neither header where they disagree: the client wrote one of them', () => {
  const headers = { forwarded: 'for=6.6.6.6', 'x-forwarded-for': '203.0.113.9' };
  expect(read(proxy, headers)).toBe(proxy);
  expect(read(proxy, { ...headers, forwarded: 'for=203.0.113.9' })).toBe('203.0.113.9');
});
