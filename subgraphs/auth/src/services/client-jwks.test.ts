import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addStaffMember } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { createSelfSigned } from '../testing/certificate.test-support.ts';
import { createTestKey, serviceOperations, type TestKey } from '../testing/services.test-support.ts';
import { createClientJwks, createNetworkList, isNetwork } from './client-jwks.ts';

let partner: Server;
let port: number;
let fetches = 0;
let answer: { status: number; headers?: Record<string, string>; body: string };
let key: TestKey;
const certificates = getCACertificates('default');

beforeAll(async () => {
  const certificate = createSelfSigned();
  setDefaultCACertificates([...certificates, certificate.cert]);
  partner = createServer(certificate, (_request, response) => {
    fetches += 1;
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }).listen(0, '127.0.0.1');
  await once(partner, 'listening');
  port = (partner.address() as AddressInfo).port;
  key = await createTestKey('ES256');
});
beforeEach(() => {
  fetches = 0;
  answer = { status: 200, body: keySet(key) };
});
afterAll(() => {
  setDefaultCACertificates(certificates);
  partner.closeAllConnections();
  partner.close();
});

const keySet = (...keys: TestKey[]) =>
  JSON.stringify({ keys: keys.map(({ jwk, kid }) => ({ ...jwk, kid, use: 'sig' })) });

describe('the key set of a service', () => {
  const open = (networks: readonly string[]) => {
    const failures: string[] = [];
    const jwks = createClientJwks({
      networks,
      onFailure: (error) => failures.push(String(error)),
    });
    return { failures, sourceOf: (host: string) => jwks.sourceOf(`https://${host}:${port}/jwks.json`) };
  };

  it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1'])(
    'is not fetched from %s, which is not public',
    async (host) => {
      const { failures, sourceOf } = open(['10.0.0.0/8']);
      expect(await sourceOf(host).findKey(key.kid)).toBe('unavailable');
      expect(failures).toEqual([expect.stringContaining('SERVICE_JWKS_NETWORKS')]);
      expect(fetches).toBe(0);
    },
  );

  it.each(['127.0.0.1', 'localhost'])('is fetched from %s where its network is listed', async (host) => {
    const { failures, sourceOf } = open(['127.0.0.0/8', '::1/128']);
    expect(await sourceOf(host).findKey(key.kid)).toMatchObject({ algorithm: 'ES256', thumbprint: key.kid });
    expect([failures, fetches]).toEqual([[], 1]);
  });

  it('is fetched once for keys that are in it, and rarely for those that are not', async () => {
    const { sourceOf } = open(['127.0.0.0/8']);
    const source = sourceOf('127.0.0.1');
    await Promise.all(Array.from({ length: 20 }, () => source.findKey(key.kid)));
    for (let count = 0; count < 20; count += 1) expect(await source.findKey(`x${count}`)).toBe('unknown');
    expect(sourceOf('127.0.0.1')).toBe(source);
    expect(fetches).toBe(1);
  });

  it.each([
    ['leads elsewhere', { status: 302, headers: { location: 'https://127.0.0.1/other' }, body: '' }],
    ['is no JSON', { status: 200, body: '<html>' }],
    ['is too long', { status: 200, body: `{"keys":[],"x":"${'x'.repeat(70_000)}"}` }],
    ['has no key', { status: 200, body: '{"keys":[]}' }],
    ['is an error', { status: 500, body: '{}' }],
  ])('is not taken where the answer %s', async (_title, given) => {
    answer = given;
    const { failures, sourceOf } = open(['127.0.0.0/8']);
    expect(await sourceOf('127.0.0.1').findKey(key.kid)).toBe('unavailable');
    expect(failures).toHaveLength(1);
  });
});

describe('a service with a key set', () => {
  let auth: TestAuth;
  let token: string;
  const services = serviceOperations(
    () => auth,
    () => token,
  );
  beforeAll(async () => {
    auth = await startTestAuth({ SERVICE_JWKS_NETWORKS: '127.0.0.0/8' });
    const admin = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role: 'super_admin' });
    token = (await auth.signIn('portalLogin', admin)).accessToken;
  });
  afterAll(() => auth.stop());

  const addService = async (path: string) => {
    const { data } = await services.create();
    const jwksUrl = `https://127.0.0.1:${port}/${path}`;
    const { data: account } = await services.register({ serviceAccount: data.id, jwksUrl });
    return { id: data.id, platform: 'portal' as const, key, credential: account.credentials[0].id };
  };

  it('gets tokens by the keys that it publishes, which name the key set', async () => {
    const own = await addService('first');
    const { status, body } = await services.requestToken(own);
    expect(status).toBe(200);
    const [, claims = ''] = String(body.access_token).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString()).sid).toBe(own.credential);
    const stranger = { ...own, key: await createTestKey('ES256') };
    expect((await services.requestToken(stranger)).status).toBe(401);
    const other = { ...own, key: { ...stranger.key, kid: key.kid } };
    expect((await services.requestToken(other)).status).toBe(401);
  });

  it('is told to come again while the key set cannot be read, where it was itself before', async () => {
    const own = await services.addService();
    const jwksUrl = `https://127.0.0.1:${port}/second`;
    await services.register({ serviceAccount: own.id, jwksUrl });
    expect((await services.requestToken(own)).status).toBe(200);
    answer = { status: 500, body: '' };
    const bySet = { ...own, key };
    const known = await services.requestToken(bySet);
    expect([known.status, known.body.error]).toEqual([503, 'temporarily_unavailable']);
    // To strangers it says no more than of a client that does not exist.
    const address = '198.51.100.77';
    const stranger = await services.requestToken(bySet, {}, { address });
    const nobody = await services.requestToken({ ...bySet, id: randomUUID() }, {}, { address });
    // The entrance alone gets `refused`, for staff.
    expect({ ...stranger, refused: undefined }).toEqual({ ...nobody, refused: undefined });
    expect(stranger.refused?.reason).toBe('oauth.keys_unavailable');
    expect(stranger.status).toBe(401);
  });

  it('gets none once the key set is revoked', async () => {
    const own = await addService('third');
    expect((await services.requestToken(own)).status).toBe(200);
    await services.revokeKey({ credential: own.credential });
    await expect.poll(async () => (await services.requestToken(own)).status, { timeout: 3000 }).toBe(401);
  });
});

describe('a list of networks', () => {
  it.each([
    ['203.0.113.0/24', '203.0.113.255', true],
    ['203.0.113.0/24', '203.0.114.0', false],
    ['203.0.113.0/24', '::ffff:203.0.113.1', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '203.0.113.1', false],
    ['203.0.113.0/24', 'x', false],
    ['203.0.113.0/24', '', false],
  ])('%s holds %s: %s', (network, address, isIn) => {
    expect(createNetworkList([network])(address)).toBe(isIn);
  });

  it.each(['203.0.113.0/24', '::/0', '2001:db8::/32', '0.0.0.0/0'])('takes %s', (text) => {
    expect(isNetwork(text)).toBe(true);
  });

  it.each([
    '203.0.113.0',
    '203.0.113.0/33',
    '::/129',
    '::ffff:10.0.0.0/104',
    '1/8',
    'x/8',
    '10.0.0.0/-1',
    '',
  ])('does not take %j', (text) => {
    expect(isNetwork(text)).toBe(false);
  });
});
