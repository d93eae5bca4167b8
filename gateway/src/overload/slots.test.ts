import { expect, test } from 'vitest';
import { createSlots, type Slots } from './slots.ts';

/** How many of `tries` requests of this address get a place. */
function fill(slots: Slots, address: string | undefined, tries = 100) {
  return Array.from({ length: tries }, () => slots.take(address)).filter((slot) => slot !== undefined);
}

test('one client gets half of the places', () => {
  expect(fill(createSlots(64), '192.0.2.1')).toHaveLength(32);
});

test('there is a place for a newcomer, whatever one client does', () => {
  const slots = createSlots(8);
  for (let count = 0; count < 1000; count += 1) slots.take('192.0.2.1');
  expect(slots.take('192.0.2.2')).toBeDefined();
});

test('all places together are never more than they are, however many clients come', () => {
  const slots = createSlots(64);
  const taken = Array.from({ length: 1000 }, (_, index) => slots.take(`10.0.${index >> 8}.${index & 255}`));
  expect(taken.filter((slot) => slot !== undefined)).toHaveLength(64);
});

test('a place that was given back is free for anybody', () => {
  const slots = createSlots(4);
  const taken = fill(slots, '192.0.2.1');
  expect(taken).toHaveLength(2);
  for (const slot of taken) slot.giveBack();
  expect(fill(slots, '192.0.2.2')).toHaveLength(2);
});

test('a client of IPv6 is its network, of IPv4 its address', () => {
  const slots = createSlots(8);
  const sameNetwork = Array.from({ length: 20 }, (_, index) => slots.take(`2001:db8::${index + 1}`));
  expect(sameNetwork.filter((slot) => slot !== undefined)).toHaveLength(4);
  expect(slots.take('2001:db8:0:1::1')).toBeDefined();
});

test('requests of which no address is known share one place in the count', () => {
  expect(fill(createSlots(8), undefined)).toHaveLength(4);
});
