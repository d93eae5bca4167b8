import { anonymousSession, type PortalSession, type UserSession } from '@signet/session';
import { expect, test } from 'vitest';
import {
  requirePortal,
  requirePortalOrService,
  requireScope,
  requireService,
  requireUser,
} from './require-session.ts';
import { impersonatedSession, serviceSession } from './sessions.test-support.ts';

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

const refusal = (reason: string) => expect.objectContaining({ reason });

test('admits a service account only where one is asked for', () => {
  const service = serviceSession('portal', ['profile:read']);
  expect(requireService(service, 'portal', 'profile:read')).toBe(service);
  expect(requirePortalOrService(service, 'profile:read')).toBe(service);
  expect(requirePortalOrService(staff)).toBe(staff);
  expect(() => requirePortal(service)).toThrow(refusal('authz.caller.deny'));
  expect(() => requireUser(serviceSession('user'))).toThrow(refusal('authz.caller.deny'));
  expect(() => requireUser(serviceSession('user'), { orImpersonated: true })).toThrow(
    refusal('authz.caller.deny'),
  );
  expect(() => requireService(service, 'portal', 'notes:write')).toThrow(refusal('authz.scope.deny'));
  expect(() => requirePortalOrService(service, 'notes:write')).toThrow(refusal('authz.scope.deny'));
});

test('refuses a service account of the other platform, and a person where a service is asked for', () => {
  expect(() => requireUser(serviceSession('portal'))).toThrow(refusal('authz.platform.deny'));
  expect(() => requirePortal(serviceSession('user'))).toThrow(refusal('authz.platform.deny'));
  expect(() => requirePortalOrService(serviceSession('user'))).toThrow(refusal('authz.platform.deny'));
  expect(() => requireService(serviceSession('user'), 'portal')).toThrow(refusal('authz.platform.deny'));
  expect(() => requireService(staff, 'portal')).toThrow(refusal('authz.caller.deny'));
  expect(() => requireService(user, 'user')).toThrow(refusal('authz.caller.deny'));
  expect(() => requireService(anonymousSession, 'user')).toThrow(refusal('auth.failure.missing_token'));
});

test('admits a member of staff who acts as the customer only where that is asked for', () => {
  const impersonated = impersonatedSession();
  expect(requireUser(impersonated, { orImpersonated: true })).toBe(impersonated);
  expect(() => requireUser(impersonated)).toThrow(refusal('authz.caller.deny'));
  expect(() => requirePortal(impersonated)).toThrow(refusal('authz.platform.deny'));
  expect(() => requireService(impersonated, 'user')).toThrow(refusal('authz.caller.deny'));
});
