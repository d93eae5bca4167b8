import { expect, test } from 'vitest';
import { createShares, type Held, membersOf, type Shares } from './shares.ts';

/** What an address gets of `tries` wishes. */
function fill(shares: Shares, addressOf: (index: number) => string | undefined, tries = 1000): Held[] {
  return Array.from({ length: tries }, (_, index) => shares.take(membersOf(addressOf(index)))).filter(
    (held) => held !== undefined,
  );
}

const hex = (number: number) => number.toString(16);

test('one client gets half of the places', () => {
  expect(fill(createShares(64), () => '192.0.2.1')).toHaveLength(32);
});

test('there is a place for a newcomer, whatever one client does', () => {
  const shares = createShares(8);
  fill(shares, () => '192.0.2.1');
  expect(shares.take(membersOf('192.0.2.2'))).toBeDefined();
});

test('all places together are never more than they are, however many clients come', () => {
  const shares = createShares(64);
  expect(fill(shares, (index) => `10.0.${index >> 8}.${index & 255}`)).toHaveLength(64);
  expect(shares.findFull(membersOf('192.0.2.1'))).toBe('');
});

test('a place that was given back is free for anybody, once', () => {
  const shares = createShares(4);
  const taken = fill(shares, () => '192.0.2.1');
  expect(taken).toHaveLength(2);
  for (const held of [...taken, ...taken]) held.giveBack();
  expect(fill(shares, () => '192.0.2.2')).toHaveLength(2);
  expect(fill(shares, () => '192.0.2.3')).toHaveLength(1);
});

test.each([
  ['changes its address within a /64', (index: number) => `2001:db8:0:1::${hex(index + 1)}`, 52],
  ['rotates through a /56', (index: number) => `2001:db8:0:1${hex(16 + (index % 240))}::1`, 86],
  ['rotates through a /48', (index: number) => `2001:db8:0:${hex(index * 60)}::1`, 128],
])('a client that %s gets no more than a share', (_, addressOf, share) => {
  const shares = createShares(256);
  expect(fill(shares, addressOf)).toHaveLength(share);
});

test('neighbours in a /48 have a place while one of them holds all that it can', () => {
  const shares = createShares(256);
  fill(shares, (index) => `2001:db8:0:1${hex(16 + (index % 240))}::1`);
  expect(shares.take(membersOf('2001:db8:0:200::1'))).toBeDefined();
});

test('requests of which no address is known share the part of one client', () => {
  expect(fill(createShares(8), () => undefined)).toHaveLength(4);
});

test('counts amounts, and names the group that has no room', () => {
  const shares = createShares(1000);
  const one = membersOf('192.0.2.1');
  expect(shares.take(one, 501)).toBeUndefined();
  const held = shares.take(one, 400);
  expect(held).toBeDefined();
  expect(shares.findFull(one, 201)).toBe('192.0.2.1');
  expect(shares.findFull(membersOf('192.0.2.2'), 601)).toBe('');
  expect(shares.take(membersOf('192.0.2.2'), 300)).toBeDefined();
  held?.giveBack();
  expect(shares.take(one, 350)).toBeDefined();
});
