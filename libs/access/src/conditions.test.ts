import { describe, expect, it, test } from 'vitest';
import { type Condition, implies, judgeSession } from './conditions.ts';
import { anonymousSession, portalSession, userSession } from './sessions.test-support.ts';

const scopes = (...anyOf: string[][]): Condition => ({ kind: 'scopes', anyOf });
const policies = (...anyOf: string[][]): Condition => ({ kind: 'policies', anyOf });
const authenticated: Condition = { kind: 'authenticated' };
const user: Condition = { kind: 'platform', is: 'user' };
const portal: Condition = { kind: 'platform', is: 'portal' };

describe('judgeSession', () => {
  it('lets everybody in where nothing is asked', () => {
    for (const session of [anonymousSession, userSession(), portalSession()]) {
      expect(judgeSession([], session)).toBeUndefined();
    }
  });

  it.each([authenticated, user, portal, scopes(['profile:read']), policies(['x'])])(
    'asks who has no token to sign in, for %o',
    (condition) => {
      expect(judgeSession([condition], anonymousSession)).toEqual({
        reason: 'auth.failure.missing_token',
      });
    },
  );

  it('tells the platforms apart, and says which is wanted', () => {
    expect(judgeSession([user], userSession())).toBeUndefined();
    expect(judgeSession([portal], portalSession())).toBeUndefined();
    expect(judgeSession([portal], userSession())).toEqual({
      reason: 'authz.platform.deny',
      text: "This field requires a 'portal' token. Received a 'user' token.",
    });
  });

  it('wants one of the lists of scopes, whole', () => {
    const rule = [scopes(['profile:read', 'sessions:end'], ['customers:write'])];
    expect(judgeSession(rule, userSession('ada', ['profile:read', 'sessions:end']))).toBeUndefined();
    expect(judgeSession(rule, portalSession(['customers:write']))).toBeUndefined();
    expect(judgeSession(rule, userSession('ada', ['profile:read']))).toEqual({
      reason: 'authz.scope.deny',
      text: "This field requires the scope 'profile:read' and 'sessions:end' or 'customers:write'.",
    });
  });

  it.each([scopes(), scopes([])])('lets nobody in by an empty rule %o', (rule) => {
    expect(judgeSession([rule], portalSession(['customers:write']))?.reason).toBe('authz.scope.deny');
  });

  it('wants every condition to hold', () => {
    const rule = [authenticated, scopes(['profile:read']), scopes(['sessions:end'])];
    expect(judgeSession(rule, userSession('ada', ['profile:read']))?.reason).toBe('authz.scope.deny');
    expect(judgeSession(rule, userSession('ada', ['profile:read', 'sessions:end']))).toBeUndefined();
    expect(judgeSession([user, portal], userSession())?.reason).toBe('authz.platform.deny');
    expect(judgeSession([user, portal], portalSession())?.reason).toBe('authz.platform.deny');
  });
});

test.each<[boolean, Condition[], Condition]>([
  [false, [], authenticated],
  [true, [authenticated], authenticated],
  [true, [user], authenticated],
  [true, [scopes(['a'])], authenticated],
  [true, [policies(['a'])], authenticated],
  [true, [user], user],
  [false, [user], portal],
  [false, [authenticated], user],
  [true, [scopes(['a'])], scopes(['a'])],
  [true, [scopes(['a', 'b'])], scopes(['a'])],
  [true, [scopes(['a'])], scopes(['a'], ['b'])],
  [true, [scopes(['a', 'c'], ['b'])], scopes(['a'], ['b'])],
  [true, [scopes(['x']), scopes(['a'])], scopes(['a'])],
  [false, [scopes(['a'], ['b'])], scopes(['a'])],
  [false, [scopes(['a'])], scopes(['a', 'b'])],
  [false, [scopes(['a'])], policies(['a'])],
  [false, [policies(['a'])], scopes(['a'])],
  // What nobody can meet follows from nothing that somebody can.
  [false, [scopes(['a'])], scopes()],
  [false, [scopes(['a'])], scopes([])],
])('implies: %s, %j -> %j', (expected, given, condition) => {
  expect(implies(given, condition)).toBe(expected);
});
