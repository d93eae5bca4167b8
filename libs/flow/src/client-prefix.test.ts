import { describe, expect, it } from 'vitest';
import { readClientPrefix } from './client-prefix.ts';

describe('readClientPrefix', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2/24'],
    ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2/24'],
    ['::FFFF:c000:201', '192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2/24'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2/64', '2001:db8:1:0/56', '2001:db8:1/48', '2001:db8/32'],
    ['2001:db8:1:2::1', '2001:db8:1:2/64', '2001:db8:1:0/56', '2001:db8:1/48', '2001:db8/32'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2/64', '2001:db8:1:0/56', '2001:db8:1/48', '2001:db8/32'],
    ['2001:db8::1', '2001:db8:0:0/64', '2001:db8:0:0/56', '2001:db8:0/48', '2001:db8/32'],
    ['::1', '0:0:0:0/64', '0:0:0:0/56', '0:0:0/48', '0:0/32'],
    ['not an address', 'unknown', 'unknown', 'unknown', 'unknown'],
    ['2001:db8:1:2ff::1', '2001:db8:1:2ff/64', '2001:db8:1:200/56', '2001:db8:1/48', '2001:db8/32'],
    [null, 'unknown', 'unknown', 'unknown', 'unknown'],
  ])('counts %s as %s in %s in %s in %s', (address, prefix, site, network, allocation) => {
    expect(readClientPrefix(address)).toEqual({ address: prefix, site, network, allocation });
  });
});
