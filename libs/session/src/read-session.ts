import {
  type CallerKind,
  isScope,
  isStaffRole,
  issuerOf,
  maxImpersonatedTokenSeconds,
  maxServiceTokenSeconds,
  type Platform,
} from '@signet/schema/contract';
import type { JWTPayload } from 'jose';
import type { KnownSession } from './session.ts';

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The session of a token of our own issuers, whose signature was checked. Every claim must have its type; no claim has a default. A token
 * with `client_id` is a service's and one with `act` an impersonated customer's; claims of another kind of token beside them make it none.
 */
export function readSession(
  claims: JWTPayload,
  platform: Platform,
): KnownSession | 'malformed' | 'issuer_mismatch' {
  const common = readCommon(claims);
  if (common === undefined) return 'malformed';
  if (claims.platform !== platform) return 'issuer_mismatch';
  const kind = kindOf(claims);
  const foreign = platform === 'user' ? ['role', ...foreignTo[kind]] : foreignTo[kind];
  if (foreign.some((name) => claims[name] !== undefined)) return 'malformed';
  switch (kind) {
    case 'service':
      return readService(claims, platform, common) ?? 'malformed';
    case 'impersonated':
      return readImpersonated(claims, platform, common) ?? 'malformed';
    case 'person':
      return readPerson(claims, platform, common) ?? 'malformed';
  }
}

function kindOf({ client_id, act }: JWTPayload): CallerKind {
  if (client_id !== undefined) return 'service';
  return act === undefined ? 'person' : 'impersonated';
}

const ofSignIn = ['auth_time', 'amr', 'acr'];
const ofAccount = ['email', 'email_verified', 'verification', 'role'];

/** The claims that a kind of token never has. No customer has a role, whoever acts. */
const foreignTo: Readonly<Record<CallerKind, readonly string[]>> = {
  person: ['client_id', 'act'],
  service: ['act', ...ofAccount, ...ofSignIn],
  impersonated: ['client_id', ...ofSignIn],
};

type Common = NonNullable<ReturnType<typeof readCommon>>;

function readCommon({ iss, sub, sid, jti, tenant, scope, exp, iat }: JWTPayload) {
  if (!isUuid(sub) || !isUuid(sid) || !isUuid(tenant)) return undefined;
  if (typeof jti !== 'string' || typeof scope !== 'string') return undefined;
  // JSON.parse reads 1e999 as Infinity: such a token would never expire.
  if (!Number.isFinite(exp) || !Number.isFinite(iat)) return undefined;
  return {
    issuer: iss as string,
    subject: sub,
    sessionId: sid,
    tokenId: jti,
    tenantId: tenant,
    scopes: new Set(scope.split(' ').filter(isScope)),
    expiresAt: exp as number,
    lifetime: (exp as number) - (iat as number),
  };
}

function readAccount({ email, email_verified, verification }: JWTPayload) {
  if (typeof email !== 'string' || typeof email_verified !== 'boolean') return undefined;
  if (verification !== undefined && verification !== 'waived') return undefined;
  return {
    email,
    emailVerified: email_verified,
    ...(verification === 'waived' && { verification: 'waived' as const }),
  };
}

const noSignIn = { authTime: undefined, amr: [], acr: undefined };

function readPerson(
  claims: JWTPayload,
  platform: Platform,
  { subject, lifetime: _, ...common }: Common,
): KnownSession | undefined {
  const account = readAccount(claims);
  const { auth_time, amr, acr, role } = claims;
  if (account === undefined || !Number.isFinite(auth_time) || !isTextList(amr)) return undefined;
  if (acr !== undefined && acr !== 'aal1' && acr !== 'aal2') return undefined;
  // A token from before there was `acr`: nobody proved more with it.
  const person = { ...common, ...account, authTime: auth_time as number, amr, acr: acr ?? 'aal1' };
  if (platform === 'user') return { ...person, platform, userId: subject };
  return isStaffRole(role) ? { ...person, platform, staffId: subject, role } : undefined;
}

/** RFC 9068, section 2.2: without a resource owner, `sub` is the client. */
function readService(
  { client_id }: JWTPayload,
  of: Platform,
  { subject, lifetime, ...common }: Common,
): KnownSession | undefined {
  if (client_id !== subject || !isUuid(common.tokenId) || !(lifetime <= maxServiceTokenSeconds))
    return undefined;
  const nobody = { email: undefined, emailVerified: false, ...noSignIn };
  return { ...common, ...nobody, platform: 'service', of, serviceId: subject };
}

/** RFC 8693, section 4.1. An `act` inside `act` would be a chain, and there is none: its form has two members. */
function readImpersonated(
  claims: JWTPayload,
  platform: Platform,
  { subject, lifetime, ...common }: Common,
): KnownSession | undefined {
  const account = readAccount(claims);
  const { act } = claims;
  if (platform !== 'user' || account === undefined || !(lifetime <= maxImpersonatedTokenSeconds))
    return undefined;
  if (typeof act !== 'object' || act === null || Object.keys(act).toSorted().join() !== 'iss,sub')
    return undefined;
  const { sub: staffId, iss } = act as { sub: unknown; iss: unknown };
  if (!isUuid(staffId) || iss !== portalIssuerBeside(common.issuer)) return undefined;
  return { ...common, ...account, ...noSignIn, platform, userId: subject, actor: { staffId } };
}

/** The portal's issuer of the installation that an issuer of customers belongs to. */
function portalIssuerBeside(userIssuer: string): string {
  return issuerOf(userIssuer.slice(0, userIssuer.lastIndexOf('/')), 'portal');
}

export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuidForm.test(value);
}
