import { randomUUID } from 'node:crypto';
import { type Caller, callers } from '@signet/access';
import { tenantPlans } from '@signet/db/seed';
import { type Platform, scopesOfRole, staffRoles, userScopes } from '@signet/schema/contract';
import type { SigningKeys } from '@signet/testing';
import { seedPassword, type TestPlatform } from './platform.test-support.ts';
import { type CaseContext, type ObjectsByType, platformCases } from './platform-cases.test-support.ts';

/** A caller: a token (none for anonymous), and by entity type the objects to ask for. */
export type TokenHolder = {
  caller: Caller;
  token?: string;
  /** A token of the same session that says that the person signed in an hour ago. */
  oldToken?: string;
  objects: ObjectsByType;
};

const emailOf = (role: string) => tenantPlans[0]?.staff.find((member) => member.role === role)?.email ?? '';
const accounts: readonly (readonly [Caller, 'user' | 'portal', string])[] = [
  ['user', 'user', 'ada@example.com'],
  ...staffRoles.map((role) => [role, 'portal', emailOf(role)] as const),
];

/** Service accounts of both platforms with all scopes that one can have, and a member of staff as the customer. */
async function signOthers({ sign }: SigningKeys, customer: string, staff: string) {
  const common = (token: string) => {
    const { iss, aud, iat, exp, platform, tenant, email, email_verified, sub } = readClaims(token);
    const ours = { iss, aud, iat, exp: Math.min(exp as number, (iat as number) + 600), platform, tenant };
    return {
      ids: { ...ours, sid: randomUUID(), jti: randomUUID() },
      account: { sub, email, email_verified },
    };
  };
  const signService = (platform: Platform, token: string, scopes: readonly string[]) => {
    const id = randomUUID();
    return sign(platform, { ...common(token).ids, sub: id, client_id: id, scope: scopes.join(' ') });
  };
  const { ids, account } = common(customer);
  const { sub, iss } = readClaims(staff);
  return {
    'user service': await signService('user', customer, userScopes),
    'portal service': await signService('portal', staff, scopesOfRole.super_admin),
    impersonated: await sign('user', { ...ids, ...account, act: { sub, iss }, scope: userScopes.join(' ') }),
  };
}

/** Signs everybody in and finds objects of the development seed, as the subgraphs' cases say. */
export async function signInCallers(platform: TestPlatform, keys: SigningKeys): Promise<TokenHolder[]> {
  const { ask, signIn } = platform;
  // One after the other: each compares a password, and there are two cores.
  const tokens = new Map<Caller, string>();
  const oldTokens = new Map<Caller, string>();
  for (const [caller, name, email] of accounts) {
    const { accessToken, oldToken } = await signInTwice(platform, name, email);
    tokens.set(caller, accessToken);
    oldTokens.set(caller, oldToken);
  }
  const others = await signOthers(keys, tokens.get('user') ?? '', tokens.get('support') ?? '');
  for (const [caller, token] of Object.entries(others)) tokens.set(caller as Caller, token);
  const context: CaseContext = {
    ask: (query, as) => ask(query, { token: typeof as === 'object' ? as.token : tokens.get(as) }),
    stranger: { token: await signIn('user', 'grete.halvik@example.com', { 'x-tenant': 'globex' }) },
  };
  const holders = await Promise.all(
    callers.map((caller) => findObjects(caller, tokens.get(caller), context)),
  );
  return holders.map((holder) => {
    const oldToken = oldTokens.get(holder.caller);
    return { ...holder, ...(oldToken !== undefined && { oldToken }) };
  });
}

/**
 * One session, and two of its access tokens: that of the sign-in, and that of a refresh while the session's row says that the person signed
 * in an hour ago. They differ in nothing else that a rule looks at.
 */
async function signInTwice({ ask, home }: TestPlatform, platform: 'user' | 'portal', email: string) {
  const [login, refresh] = platform === 'user' ? ['login', 'refresh'] : ['portalLogin', 'portalRefresh'];
  const tokensOf = async (field: string, type: string, input: object) => {
    const query = `mutation ($input: ${type}!) { it: ${field}(input: $input) { accessToken refreshToken } }`;
    const { body } = await ask(query, { variables: { input } });
    return body.data.it as { accessToken: string; refreshToken: string };
  };
  const { accessToken, refreshToken } = await tokensOf(login, 'LoginInput', {
    email,
    password: seedPassword,
  });
  const { sid } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
  const setBack = (by: string) =>
    home.database.query(
      `update auth.${platform}_session set auth_time = auth_time - $2::interval where id = $1`,
      [sid, by],
    );
  await setBack('1 hour');
  const { accessToken: oldToken } = await tokensOf(refresh, 'RefreshInput', { refreshToken });
  await setBack('-1 hour');
  return { accessToken, oldToken };
}

async function findObjects(
  caller: Caller,
  token: string | undefined,
  context: CaseContext,
): Promise<TokenHolder> {
  const found = await Promise.all(
    [...platformCases.values()].map((cases) => cases.findObjects?.(caller, context)),
  );
  return { caller, ...(token !== undefined && { token }), objects: Object.assign({}, ...found) };
}

function readClaims(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
