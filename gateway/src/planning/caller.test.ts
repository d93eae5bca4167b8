import { anonymousSession, type Session } from '@signet/session';
import { expect, it } from 'vitest';
import { callerOf } from './entrance-planning.ts';

const verified = { tenantId: 'demo', scopes: new Set<string>(), expiresAt: 0 };
const sessionOf = (sessionId: string, userId: string) =>
  ({ ...verified, platform: 'user', sessionId, userId }) as unknown as Session;
const clientAddress = '192.0.2.1';

it('is the account, however many sessions it opens, wherever it calls from', () => {
  const first = callerOf({ session: sessionOf('s1', 'ada'), clientAddress });
  expect(callerOf({ session: sessionOf('s2', 'ada'), clientAddress: '192.0.2.2' })).toBe(first);
  expect(callerOf({ session: sessionOf('s1', 'grete'), clientAddress })).not.toBe(first);
});

it('is the network of who has no account', () => {
  const strangerAt = (address: string) => callerOf({ session: anonymousSession, clientAddress: address });
  expect(strangerAt('2001:db8:1:2:3::4')).toBe(strangerAt('2001:db8:1:ffff::1'));
  expect(strangerAt('2001:db8:2::1')).not.toBe(strangerAt('2001:db8:1::1'));
  expect(strangerAt('192.0.2.1')).not.toBe(strangerAt('192.0.2.2'));
});
