import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { issuerOf, type OauthAnswer, type OauthRouteName, oauthPath } from '@signet/schema/contract';
import { createTestGateway } from '@signet/testing';
import { calculateJwkThumbprint, type JWTPayload, SignJWT } from 'jose';
import type { TestAuth } from './auth.test-support.ts';
import { issuerUrl } from './config.test-support.ts';

export type Platform = 'user' | 'portal';
export type TestKey = {
  algorithm: 'EdDSA' | 'ES256' | 'RS256';
  kid: string;
  privateKey: KeyObject;
  jwk: Record<string, unknown>;
};
export type TestService = { id: string; platform: Platform; key: TestKey; credential: string };
type Answer = Omit<OauthAnswer, 'body'> & { body: Record<string, unknown> };
type Sender = { address?: string; tenant?: string; authorization?: string; server?: Pick<TestAuth, 'url'> };

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const enumOf = { user: 'USER', portal: 'PORTAL' } as const;

export async function createTestKey(algorithm: TestKey['algorithm'] = 'EdDSA'): Promise<TestKey> {
  const { privateKey, publicKey } =
    algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>;
  return { algorithm, kid: await calculateJwkThumbprint(jwk as never), privateKey, jwk };
}

/** What staff and services do about service accounts. `token` of staff: of a super_admin. */
export function serviceOperations(auth: () => TestAuth, token: () => string) {
  const change = async (field: string, type: string, input: object, sender: object = {}) => {
    const selection = field === 'createServiceSecret' ? `{ secret serviceAccount ${selected} }` : selected;
    const { body } = await auth().ask(
      `mutation ($input: ${type}!) { ${field}(input: $input) ${selection} }`,
      { input: { reason: 'A test.', ...input } },
      { token: token(), ...sender },
    );
    const [error] = body.errors ?? [];
    return { data: body.data?.[field], reason: error?.extensions.reason as string | undefined, error };
  };
  const create = (input: object = {}, sender?: object) =>
    change(
      'createServiceAccount',
      'CreateServiceAccountInput',
      {
        side: 'PORTAL',
        name: `job-${randomBytes(6).toString('hex')}`,
        scopes: ['customers:read'],
        ...input,
      },
      sender,
    );
  const alter = (input: object, sender?: object) =>
    change('changeServiceAccount', 'ChangeServiceAccountInput', { side: 'PORTAL', ...input }, sender);
  const register = (input: object, sender?: object) =>
    change('registerServiceKey', 'RegisterServiceKeyInput', { side: 'PORTAL', ...input }, sender);
  const makeSecret = (input: object, sender?: object) =>
    change('createServiceSecret', 'CreateServiceSecretInput', { side: 'PORTAL', ...input }, sender);
  const revokeKey = (input: object, sender?: object) =>
    change('revokeServiceKey', 'RevokeServiceKeyInput', { side: 'PORTAL', ...input }, sender);
  const deactivate = (input: object, sender?: object) =>
    change('deactivateServiceAccount', 'DeactivateServiceAccountInput', { side: 'PORTAL', ...input }, sender);

  /** An account with one key. */
  const addService = async (
    platform: Platform = 'portal',
    input: object = {},
    key?: TestKey,
    sender?: object,
  ): Promise<TestService> => {
    const scopes = platform === 'user' ? ['profile:read'] : ['customers:read'];
    const { data, error } = await create({ side: enumOf[platform], scopes, ...input }, sender);
    if (!data) throw new Error(`no service account: ${JSON.stringify(error)}`);
    const own = key ?? (await createTestKey());
    const wanted = { side: enumOf[platform], serviceAccount: data.id, jwk: own.jwk };
    const registered = await register(wanted, sender);
    if (!registered.data) throw new Error(`no key: ${JSON.stringify(registered.error)}`);
    return { id: data.id, platform, key: own, credential: registered.data.credentials[0].id };
  };

  /** An assertion as it should be, but for `claims` and `header`. A claim of `undefined` is left out. */
  const assert = async (
    { id, platform, key }: Pick<TestService, 'id' | 'platform' | 'key'>,
    claims: JWTPayload = {},
    header: Record<string, unknown> = {},
  ): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const usual = {
      iss: id,
      sub: id,
      aud: issuerOf(issuerUrl, platform),
      jti: randomUUID(),
      iat: now,
      exp: now + 60,
    };
    return new SignJWT({ ...usual, ...claims })
      .setProtectedHeader({ alg: key.algorithm, kid: key.kid, ...header })
      .sign(key.privateKey);
  };

  /** Asks as an entrance that admits the platform does. */
  const post = async (
    platform: Platform,
    route: OauthRouteName,
    form: Record<string, string> | string,
    { address = '192.0.2.1', tenant, authorization, server = auth() }: Sender = {},
  ): Promise<Answer> => {
    const url = new URL(oauthPath, server.url).href;
    const question = {
      platform,
      route,
      body: typeof form === 'string' ? form : String(new URLSearchParams(form)),
      ...(authorization !== undefined && { authorization }),
    };
    const body = JSON.stringify(question);
    const context = { clientAddress: address, ...(tenant && { tenant }) };
    const headers = createTestGateway({ recipient: 'auth' }).headersOf({ url, body, context });
    const response = await fetch(url, { method: 'POST', headers, body });
    if (response.status !== 200)
      throw new Error(`auth answered ${response.status}: ${await response.text()}`);
    const answer = (await response.json()) as OauthAnswer;
    return { ...answer, body: answer.body === '' ? {} : JSON.parse(answer.body) };
  };

  const requestToken = async (
    service: TestService,
    form: Record<string, string> = {},
    sender?: Sender,
  ): Promise<Answer> =>
    post(
      service.platform,
      'token',
      {
        grant_type: 'client_credentials',
        client_assertion_type: assertionType,
        client_assertion: await assert(service),
        ...form,
      },
      sender,
    );

  return {
    create,
    alter,
    register,
    makeSecret,
    revokeKey,
    deactivate,
    addService,
    assert,
    post,
    requestToken,
  };
}

const selected = `{
  id side name scopes networks expiresAt isActive createdBy { id } createdAt
  credentials { id kind kid jwksUrl createdBy { id } createdAt revokedAt }
}`;
