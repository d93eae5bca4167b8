import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AccessTokenClaims,
  accessTokenType,
  audienceOf,
  issuerOf,
  jwksPathOf,
  type Platform,
  platforms,
  type StaffRole,
  scopesOfRole,
  type UserClaims,
  userScopes,
} from '@signet/schema/contract';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** What makes a token a bad one. `undefined` as a claim or header field leaves it out. */
type TokenOverrides = {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** Signs with this key instead of the platform's own. */
  key?: CryptoKey;
};

/** Ids are UUIDs, random unless given. */
export type UserTokenOptions = TokenOverrides & { tenantId?: string; userId?: string; email?: string };
export type PortalTokenOptions = TokenOverrides & {
  tenantId?: string;
  staffId?: string;
  role?: StaffRole;
  email?: string;
};

/** `of`: the platform of the service account. Without `scope` the token has those of a customer, or of a super_admin. */
export type ServiceTokenOptions = TokenOverrides & {
  of: Platform;
  tenantId?: string;
  serviceId?: string;
  scope?: string;
};
/** `staffId` acts as the customer `userId`. Without `scope` the token has those of a customer. */
export type ImpersonatedTokenOptions = UserTokenOptions & { staffId?: string; scope?: string };

/** An issuer with keys of its own, for one test file. Signs what the test asks for. */
export type TestIssuer = {
  /** What a verifier is configured with as ISSUER_URL. */
  issuerUrl: string;
  jwksUrls: Readonly<Record<Platform, string>>;
  /** The variables by which a process trusts this issuer. */
  environment: Readonly<Record<'ISSUER_URL' | 'USER_JWKS_URL' | 'PORTAL_JWKS_URL', string>>;
  keys: Readonly<Record<Platform, CryptoKey>>;
  mintUserToken(options?: UserTokenOptions): Promise<string>;
  mintPortalToken(options?: PortalTokenOptions): Promise<string>;
  mintServiceToken(options: ServiceTokenOptions): Promise<string>;
  mintImpersonatedToken(options?: ImpersonatedTokenOptions): Promise<string>;
  close(): Promise<void>;
};

type SigningKey = { privateKey: CryptoKey; kid: string; jwk: JWK };

const lifetimeSeconds = 600;

/** Two Ed25519 key pairs and a server on a free loopback port that publishes them as auth does. */
export async function createTestIssuer(): Promise<TestIssuer> {
  const signingKeys = { user: await createSigningKey(), portal: await createSigningKey() };
  const server = createServer((req, res) => {
    const platform = platforms.find((name) => jwksPathOf(name) === req.url);
    res.writeHead(platform ? 200 : 404, { 'content-type': 'application/json' });
    res.end(JSON.stringify(platform ? { keys: [signingKeys[platform].jwk] } : {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuerUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jwksUrls = { user: issuerUrl + jwksPathOf('user'), portal: issuerUrl + jwksPathOf('portal') };
  return {
    issuerUrl,
    jwksUrls,
    environment: {
      ISSUER_URL: issuerUrl,
      USER_JWKS_URL: jwksUrls.user,
      PORTAL_JWKS_URL: jwksUrls.portal,
    },
    keys: { user: signingKeys.user.privateKey, portal: signingKeys.portal.privateKey },
    mintUserToken({ tenantId, userId, email = 'customer@example.com', ...overrides } = {}) {
      const account = { ...idsOf(userId, tenantId), email, scope: userScopes.join(' ') };
      return sign(signingKeys.user, createClaims(issuerUrl, 'user', account), overrides);
    },
    mintPortalToken({
      tenantId,
      staffId,
      role = 'super_admin',
      email = 'staff@example.com',
      ...overrides
    } = {}) {
      const account = { ...idsOf(staffId, tenantId), email, scope: scopesOfRole[role].join(' '), role };
      return sign(signingKeys.portal, createClaims(issuerUrl, 'portal', account), overrides);
    },
    mintServiceToken({ of, tenantId, serviceId, scope = widestScopes[of].join(' '), ...overrides }) {
      const ids = idsOf(serviceId, tenantId);
      const service = { ...ids, client_id: ids.sub, scope };
      return sign(signingKeys[of], { ...commonClaims(issuerUrl, of), ...service }, overrides);
    },
    mintImpersonatedToken({
      tenantId,
      userId,
      email = 'customer@example.com',
      staffId = randomUUID(),
      scope = userScopes.join(' '),
      ...overrides
    } = {}) {
      const claims = {
        ...commonClaims(issuerUrl, 'user'),
        ...idsOf(userId, tenantId),
        act: { sub: staffId, iss: issuerOf(issuerUrl, 'portal') },
        email,
        email_verified: true,
        scope,
      };
      return sign(signingKeys.user, claims as AccessTokenClaims, overrides);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function idsOf(sub: string = randomUUID(), tenant: string = randomUUID()) {
  return { sub, tenant };
}

const widestScopes = { user: userScopes, portal: scopesOfRole.super_admin };

type Account = Pick<UserClaims, 'sub' | 'tenant' | 'email' | 'scope'> & { role?: StaffRole };

function commonClaims<P extends Platform>(issuerUrl: string, platform: P) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuerOf(issuerUrl, platform),
    aud: audienceOf(platform),
    platform,
    sid: randomUUID(),
    jti: randomUUID(),
    iat: now,
    exp: now + lifetimeSeconds,
  };
}

function createClaims(issuerUrl: string, platform: Platform, account: Account): AccessTokenClaims {
  const common = commonClaims(issuerUrl, platform);
  return {
    ...common,
    auth_time: common.iat,
    amr: ['pwd'],
    acr: 'aal1',
    email_verified: true,
    ...account,
  } as AccessTokenClaims;
}

async function sign(
  { privateKey, kid }: SigningKey,
  claims: AccessTokenClaims,
  { claims: otherClaims, header, key }: TokenOverrides,
): Promise<string> {
  return new SignJWT({ ...claims, ...otherClaims })
    .setProtectedHeader({ alg: 'EdDSA', typ: accessTokenType, kid, ...header })
    .sign(key ?? privateKey);
}

async function createSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { privateKey, kid, jwk: { ...jwk, kid, use: 'sig', alg: 'EdDSA' } };
}
