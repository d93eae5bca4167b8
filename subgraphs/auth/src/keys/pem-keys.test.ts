import { createPublicKey, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { jwksPathOf } from '@signet/schema/contract';
import { createLogger, type Environment } from '@signet/service';
import { createTestDatabase, createTestGateway, createWeakRsaKeys, type TestDatabase } from '@signet/testing';
import { calculateJwkThumbprint, decodeProtectedHeader, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { startAuth } from '../start.ts';
import { addCustomer, addStaffMember, testPasswordCost } from '../testing/accounts.test-support.ts';
import { signInOperation } from '../testing/auth.test-support.ts';
import { testConfig } from '../testing/config.test-support.ts';
import { readPrivatePem, readPublicPems } from './pem-keys.ts';

const ed25519 = () => generateKeyPairSync('ed25519');
const privatePem = ({ privateKey }: KeyPairKeyObjectResult) =>
  privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const publicPem = ({ publicKey }: KeyPairKeyObjectResult) =>
  publicKey.export({ format: 'pem', type: 'spki' }) as string;
const kidOf = ({ publicKey }: KeyPairKeyObjectResult) =>
  calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JWK);

test.each(Object.entries(createWeakRsaKeys()))(
  'an RSA key with a known weakness is refused as private and as public key: %s',
  async (_name, privateKey) => {
    const publicKey = createPublicKey(privateKey);
    await expect(readPrivatePem(privatePem({ publicKey, privateKey }))).rejects.toThrow(
      'holds a weak RSA key',
    );
    await expect(readPublicPems(publicPem({ publicKey, privateKey }))).rejects.toThrow(
      'holds a weak RSA key',
    );
  },
);

describe('a private key in PEM form', () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

  it.each([
    ['EdDSA', privatePem(ed25519())],
    ['ES256', privatePem(p256)],
    ['ES256', p256.privateKey.export({ format: 'pem', type: 'sec1' })],
    ['RS256', privatePem(rsa)],
    ['RS256', rsa.privateKey.export({ format: 'pem', type: 'pkcs1' })],
  ])('signs with the algorithm of its type, %s', async (algorithm, pem) => {
    expect(await readPrivatePem(pem as string)).toMatchObject({ algorithm });
  });

  it.each([
    ['nothing', '', /one private key/],
    ['a public key', publicPem(ed25519()), /one private key/],
    ['two keys', privatePem(ed25519()) + privatePem(ed25519()), /one private key/],
    [
      'a key under a passphrase',
      rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
      /passphrase/,
    ],
    ['another curve', privatePem(generateKeyPairSync('ec', { namedCurve: 'P-384' })), /P-256/],
    ['a short RSA key', privatePem(generateKeyPairSync('rsa', { modulusLength: 1024 })), /2048 bits/],
    ['a key for something else', privatePem(generateKeyPairSync('x25519')), /Ed25519, P-256 or RSA/],
    ['rubbish', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----', /can not be read/],
  ])('is refused where it is %s, and not shown', async (_name, pem, fault) => {
    const error: Error = await readPrivatePem(pem as string).then(
      () => expect.unreachable(),
      (failure) => failure,
    );
    expect(error.message).toMatch(fault);
    expect(error.message).not.toContain('c2VjcmV0');
  });

  it('is refused among public ones', async () => {
    const key = ed25519();
    await expect(readPublicPems(publicPem(key) + privatePem(key))).rejects.toThrow(/PUBLIC KEY/);
  });
});

describe('auth with keys from files', () => {
  let database: TestDatabase;
  let tenantId: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    tenantId = await database.addTenant('demo');
  });
  afterAll(() => database.drop());
  const keys = {
    user: ed25519(),
    portal: ed25519(),
    older: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  };
  const gateway = createTestGateway({ recipient: 'auth' });
  const start = (changes: Environment = {}) =>
    startAuth(
      testConfig(database, {
        USER_KEY_ENCRYPTION_KEY: '',
        PORTAL_KEY_ENCRYPTION_KEY: '',
        USER_PRIVATE_KEY: privatePem(keys.user),
        PORTAL_PRIVATE_KEY: privatePem(keys.portal),
        ...changes,
      }),
      createLogger('test', 'silent'),
      { passwordCost: testPasswordCost },
    );

  it('signs with the private one, publishes the others too, and keeps none in the database', async () => {
    const { email, password } = await addCustomer(database, { tenantId });
    const server = await start({ USER_PUBLIC_KEYS: publicPem(keys.older) });
    const { body } = await gateway.post(`${server.url}/graphql`, {
      query: signInOperation('login'),
      variables: { input: { email, password } },
    });
    const token = body.data.login.accessToken;
    expect(decodeProtectedHeader(token).kid).toBe(await kidOf(keys.user));
    const me = await gateway.post(`${server.url}/graphql`, { query: '{ me { id } }' }, { token });
    expect(me.body.errors).toBeUndefined();
    const jwks = (await (await fetch(server.url + jwksPathOf('user'))).json()) as { keys: { kid: string }[] };
    expect(jwks.keys.map(({ kid }) => kid)).toEqual([await kidOf(keys.user), await kidOf(keys.older)]);
    expect(JSON.stringify(jwks)).not.toContain('"d"');
    expect(await database.query('select 1 from auth.signing_key')).toEqual([]);
    await server.stop();
  });

  it.each([
    ['as the private one of both', { PORTAL_PRIVATE_KEY: privatePem(keys.user) }],
    ['as a further one of the other', { PORTAL_PUBLIC_KEYS: publicPem(keys.user) }],
  ])('refuses one key for both platforms, %s', async (_name, changes) => {
    await expect(start(changes)).rejects.toThrow(/PORTAL_PRIVATE_KEY: .* the platforms must not share keys/);
  });

  it('verifies, and can not sign, for a platform of which it has public keys only', async () => {
    const portal = await start();
    const verifyOnly = {
      AUTH_PLATFORMS: 'user',
      PORTAL_DATABASE_URL: '',
      PORTAL_PRIVATE_KEY: '',
      PORTAL_PUBLIC_KEYS: publicPem(keys.portal),
    };
    const server = await start(verifyOnly);
    const staff = await addStaffMember(database, { tenantId });
    const input = { email: staff.email, password: staff.password };
    const gatewayOfUser = createTestGateway({ recipient: 'auth-user' });
    const signIn = (url: string) =>
      (url === server.url ? gatewayOfUser : gateway).post(`${url}/graphql`, {
        query: signInOperation('portalLogin'),
        variables: { input },
      });
    expect((await signIn(server.url)).body.errors?.[0]?.extensions.reason).toBe('auth.unavailable');
    const token = (await signIn(portal.url)).body.data.portalLogin.accessToken;
    const { body } = await gatewayOfUser.post(`${server.url}/graphql`, { query: '{ me { id } }' }, { token });
    expect(body.errors?.[0]?.extensions.reason).toBe('authz.platform.deny');
    await Promise.all([server.stop(), portal.stop()]);
    await expect(start({ ...verifyOnly, PORTAL_PUBLIC_KEYS: publicPem(keys.user) })).rejects.toThrow(
      /PORTAL_PUBLIC_KEYS: holds a key with which this process signs/,
    );
  });

  it('names the variable of a key that it can not use', async () => {
    await expect(start({ USER_PRIVATE_KEY: publicPem(keys.user) })).rejects.toThrow(
      /USER_PRIVATE_KEY: must hold/,
    );
    await expect(start({ USER_PUBLIC_KEYS: privatePem(keys.older) })).rejects.toThrow(
      /USER_PUBLIC_KEYS: must hold/,
    );
  });
});
