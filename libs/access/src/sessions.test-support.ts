import type { Platform, Scope } from '@signet/schema/contract';
import { anonymousSession, type PortalSession, type ServiceSession, type UserSession } from '@signet/session';

const common = {
  issuer: 'https://id.example',
  sessionId: 's',
  tokenId: 't',
  tenantId: 'demo',
  email: 'somebody@example.com',
  emailVerified: true,
  authTime: 0,
  expiresAt: 0,
  amr: [],
  acr: undefined,
};

export function userSession(userId = 'ada', scopes: readonly Scope[] = []): UserSession {
  return { ...common, platform: 'user', userId, scopes: new Set(scopes) };
}

export function portalSession(scopes: readonly Scope[] = []): PortalSession {
  return { ...common, platform: 'portal', staffId: 'staff', role: 'support', scopes: new Set(scopes) };
}

/** All that a service account's token can say. */
export function serviceSession(of: Platform, scopes: readonly Scope[] = []): ServiceSession {
  const nobody = { email: undefined, emailVerified: false, authTime: undefined };
  return { ...common, ...nobody, platform: 'service', of, serviceId: 'job', scopes: new Set(scopes) };
}

export function impersonatedSession(userId = 'ada', scopes: readonly Scope[] = []): UserSession {
  return { ...userSession(userId, scopes), authTime: undefined, actor: { staffId: 'staff' } };
}

export { anonymousSession };
