import { anonymousSession, type PortalSession, type UserSession } from '@signet/session';
import { expect, test } from 'vitest';
import { requirePortal, requireScope, requireUser } from './require-session.ts';

const user = { platform: 'user', scopes: new Set(['profile:read']) } as unknown as UserSession;
const staff = { platform: 'portal', scopes: new Set(['customers:write']) } as unknown as PortalSession;

test('lets those in for whom the field is', () => {
  expect(requireUser(user)).toBe(user);
  expect(requirePortal(staff)).toBe(staff);
  expect(requirePortal(staff, 'customers:write')).toBe(staff);
  expect(() => requireScope(staff, 'customers:write')).not.toThrow();
});

test('asks who has no token to sign in', () => {
  for (const require of [requireUser, requirePortal]) {
    expect(() => require(anonymousSession)).toThrow(
      expect.objectContaining({ reason: 'auth.failure.missing_token', code: 'UNAUTHENTICATED' }),
    );
  }
});

test("refuses the other platform's token, and says which is wanted", () => {
  const refusal = { reason: 'authz.platform.deny', code: 'FORBIDDEN' };
  expect(() => requirePortal(user)).toThrow(
    expect.objectContaining({
      ...refusal,
      message: "This field requires a 'portal' token. Received a 'user' token.",
    }),
  );
  expect(() => requireUser(staff)).toThrow(
    expect.objectContaining({
      ...refusal,
      message: "This field requires a 'user' token. Received a 'portal' token.",
    }),
  );
});

test('refuses a token without the scope', () => {
  const refusal = expect.objectContaining({
    reason: 'authz.scope.deny',
    code: 'FORBIDDEN',
    message: "This field requires the scope 'customers:assign'.",
  });
  expect(() => requireScope(user, 'customers:assign')).toThrow(refusal);
  expect(() => requirePortal(staff, 'customers:assign')).toThrow(refusal);
});

test("refuses the other platform's token and no token before it looks at the scope", () => {
  expect(() => requirePortal(user, 'profile:read')).toThrow(
    expect.objectContaining({ reason: 'authz.platform.deny' }),
  );
  expect(() => requirePortal(anonymousSession, 'customers:write')).toThrow(
    expect.objectContaining({ reason: 'auth.failure.missing_token' }),
  );
});
