import { randomUUID } from 'node:crypto';
import {
  audienceOf,
  issuerOf,
  type Platform,
  platforms,
  scopesOfRole,
  userScopes,
} from '@signet/schema/contract';
import { createTestGateway, type SigningKeys } from '@signet/testing';
import { generateKeyPair, SignJWT } from 'jose';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import type { TestAuth } from '../testing/auth.test-support.ts';
import { issuerUrl } from '../testing/config.test-support.ts';
import { type Corner, type HeldSecret, type Place, reasonOf } from './confusions.test-support.ts';

const bearerOf = (platform: Platform) => [`bearer from graph`, `bearer from ${platform}`];

/** Access tokens of each kind of caller, and what others call ID tokens, access tokens and assertions. */
export async function openAccessTokens(auth: TestAuth, keys: SigningKeys): Promise<Corner> {
  return {
    secrets: [...(await holdAccessTokens(auth, keys)), ...(await holdForeignTokens())],
    places: [
      ...(['graph', ...platforms] as const).map((entrance) => bearerPlace(auth, entrance)),
      ...(['logout', 'portalLogout'] as const).map(
        (field): Place => ({
          name: `bearer of ${field}`,
          present: async (token) => reasonOf(await auth.ask(`mutation { ${field} }`, {}, { token })),
          refusal: /^(auth\.failure\.(malformed|issuer_mismatch)|authz\.(platform|caller)\.deny)$/,
        }),
      ),
    ],
  };
}

function bearerPlace({ url }: TestAuth, entrance: 'graph' | Platform): Place {
  const gateway = createTestGateway({ recipient: 'auth', entrance });
  return {
    name: `bearer from ${entrance}`,
    present: async (token) =>
      reasonOf(await gateway.post(`${url}/graphql`, { query: '{ __typename }' }, { token })),
    refusal: /^auth\.failure\.(malformed|issuer_mismatch|proof_invalid)$/,
  };
}

async function holdAccessTokens(auth: TestAuth, keys: SigningKeys): Promise<HeldSecret[]> {
  const options = { tenantId: auth.tenants.demo };
  const customer = await addCustomer(auth.database, options);
  const staff = await addStaffMember(auth.database, options);
  const now = Math.floor(Date.now() / 1000);
  const common = (platform: Platform) => ({
    iss: issuerOf(issuerUrl, platform),
    aud: audienceOf(platform),
    platform,
    sid: randomUUID(),
    jti: randomUUID(),
    iat: now,
    exp: now + 600,
    tenant: auth.tenants.demo,
  });
  const signService = (of: Platform, scopes: readonly string[]) => {
    const id = randomUUID();
    return keys.sign(of, { ...common(of), sub: id, client_id: id, scope: scopes.join(' ') });
  };
  const impersonated = {
    ...common('user'),
    sub: customer.id,
    email: customer.email,
    email_verified: true,
    act: { sub: staff.id, iss: issuerOf(issuerUrl, 'portal') },
    scope: userScopes.join(' '),
  };
  return [
    {
      kind: 'access token of a customer',
      text: (await auth.signIn('login', customer)).accessToken,
      fits: [...bearerOf('user'), 'introspection at user', 'bearer of logout'],
    },
    {
      kind: 'access token of staff',
      text: (await auth.signIn('portalLogin', staff)).accessToken,
      fits: [...bearerOf('portal'), 'introspection at portal', 'bearer of portalLogout'],
    },
    {
      kind: "access token of a customers' service",
      text: await signService('user', userScopes),
      fits: [...bearerOf('user'), 'introspection at user'],
    },
    {
      kind: 'access token of a service of the portal',
      text: await signService('portal', scopesOfRole.super_admin),
      fits: [...bearerOf('portal'), 'introspection at portal'],
    },
    {
      kind: 'access token of an impersonated customer',
      text: await keys.sign('user', impersonated),
      fits: [...bearerOf('user'), 'introspection at user', 'bearer of logout'],
    },
  ];
}

/** Tokens of somebody else's keys. Nothing here takes them. */
async function holdForeignTokens(): Promise<HeldSecret[]> {
  const { privateKey } = await generateKeyPair('RS256');
  const iat = Math.floor(Date.now() / 1000);
  const sign = async (kind: string, typ: string, claims: object): Promise<HeldSecret> => ({
    kind,
    text: await new SignJWT({ iat, exp: iat + 300, jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'upstream', typ })
      .sign(privateKey),
    fits: [],
  });
  const person = {
    iss: 'https://id.example',
    sub: randomUUID(),
    email: 'a@example.com',
    email_verified: true,
  };
  const id = randomUUID();
  return Promise.all([
    sign('ID token of a provider', 'JWT', { ...person, aud: 'signet', nonce: 'n' }),
    sign('access token of a provider', 'at+jwt', { ...person, aud: audienceOf('user') }),
    sign('assertion of an unknown client', 'JWT', { iss: id, sub: id, aud: issuerOf(issuerUrl, 'portal') }),
  ]);
}
