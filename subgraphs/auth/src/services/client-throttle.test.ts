import { describe, expect, it } from 'vitest';
import { createClientThrottle } from './client-throttle.ts';
import type { KnownClients } from './known-clients.ts';

/** A process with its own memory, before what all of them share. */
function open(rows = new Set<string>()) {
  let time = 0;
  const known: KnownClients = {
    has: async (client, address) => rows.has(`${client} ${address}`),
    note: (client, address) => void rows.add(`${client} ${address}`),
    settled: async () => {},
  };
  const throttle = createClientThrottle(known, () => time);
  return {
    throttle,
    wait(seconds: number) {
      time += seconds * 1000;
    },
    fail(address: string, times: number) {
      for (let count = 0; count < times; count += 1) throttle.noteFailure(address);
    },
  };
}
const throttled = expect.objectContaining({ reason: 'auth.throttled' });
const refusalOf = async (run: () => void | Promise<void>) => {
  try {
    await run();
  } catch (error) {
    return error;
  }
};

describe('the throttle of clients', () => {
  it('closes an address after its failures, and opens it again with time', async () => {
    const { throttle, fail, wait } = open();
    fail('192.0.2.1', 60);
    expect(await refusalOf(() => throttle.assertMayTry('a', '192.0.2.1'))).toEqual(throttled);
    expect(await refusalOf(() => throttle.assertMayTry('a', '192.0.2.2'))).toBeUndefined();
    wait(2);
    expect(await refusalOf(() => throttle.assertMayTry('a', '192.0.2.1'))).toBeUndefined();
  });

  it('closes the /48 around many addresses of IPv6', async () => {
    const { throttle, fail } = open();
    for (let at = 0; at < 300; at += 1) fail(`2001:db8:0:${at.toString(16)}::1`, 2);
    expect(await refusalOf(() => throttle.assertMayTry('a', '2001:db8:0:ffff::1'))).toEqual(throttled);
    expect(await refusalOf(() => throttle.assertMayTry('a', '2001:db8:1::1'))).toBeUndefined();
  });

  it('never closes the door to a client that was itself from the address, wherever', async () => {
    const rows = new Set<string>();
    const [one, another] = [open(rows), open(rows)];
    one.throttle.noteSuccess('a', '192.0.2.1');
    for (const { throttle, fail } of [one, another]) {
      fail('192.0.2.1', 1000);
      expect(await refusalOf(() => throttle.assertMayTry('a', '192.0.2.1'))).toBeUndefined();
      expect(await refusalOf(() => throttle.assertMayTry('b', '192.0.2.1'))).toEqual(throttled);
    }
  });

  it('gives a client its turns, whatever strangers do in its name', async () => {
    const { throttle, fail, wait } = open();
    fail('198.51.100.1', 1000);
    for (let count = 0; count < 2000; count += 1) throttle.takeTurn('a');
    expect(await refusalOf(() => throttle.takeTurn('a'))).toEqual(throttled);
    expect(await refusalOf(() => throttle.takeTurn('b'))).toBeUndefined();
    wait(1);
    for (let count = 0; count < 200; count += 1) throttle.takeTurn('a');
    expect(await refusalOf(() => throttle.takeTurn('a'))).toEqual(throttled);
  });
});
