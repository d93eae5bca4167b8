import { describe, expect, it } from 'vitest';
import { createExchangeThrottle } from './exchange-throttle.ts';

const open = () => {
  let time = 0;
  const throttle = createExchangeThrottle(() => time);
  const begin = (address: string, provider = 'idp') => throttle.begin(provider, address);
  return {
    begin,
    fail(address: string, times: number) {
      for (let count = 0; count < times; count += 1) begin(address)?.end({ isFailed: true });
    },
    wait(seconds: number) {
      time += seconds * 1000;
    },
  };
};

describe('exchanges of codes at a provider', () => {
  it('wait for time after many failures of a network, and successes count for nothing', () => {
    const { begin, fail, wait } = open();
    for (let count = 0; count < 200; count += 1) begin('192.0.2.1')?.end({ isFailed: false });
    fail('192.0.2.1', 60);
    expect(begin('192.0.2.1')).toBeUndefined();
    expect(begin('192.0.2.1', 'another')).toBeUndefined();
    expect(begin('192.0.2.2')).toBeDefined();
    wait(2);
    expect(begin('192.0.2.1')).toBeDefined();
  });

  it('are few at a time, and no network has all of them', () => {
    const { begin } = open();
    const taken = Array.from({ length: 40 }, () => begin('192.0.2.1')).filter((place) => place !== undefined);
    expect(taken).toHaveLength(16);
    expect(begin('198.51.100.1')).toBeDefined();
    expect(begin('192.0.2.1', 'another')).toBeDefined();
    for (const place of taken) place.end({ isFailed: false });
    expect(begin('192.0.2.1')).toBeDefined();
  });

  it('are 32 at a time, of however many networks', () => {
    const { begin } = open();
    const taken = Array.from({ length: 100 }, (_, at) => begin(`2001:db8:${at.toString(16)}::1`));
    expect(taken.filter((place) => place !== undefined)).toHaveLength(32);
  });
});
