import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { gatewayConfigSchema } from '@signet/gateway';
import { shortestOfThree } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  seedPassword,
  startTestPlatform,
  type TestPlatform,
} from '../../launcher/src/platform.test-support.ts';
import { checkCertificate } from '../../subgraphs/auth/src/operator/check-certificate.ts';
import { createAuthority, type TestAuthority } from './certificates.test-support.ts';
import { configPath, type Nginx, startNginx } from './nginx.test-support.ts';
import { openTlsClient, type TlsClient } from './tls-client.test-support.ts';

const api = 'api.example.com';
const staff = 'staff.example.com';
/** Where requests seem to come from, if anybody believed them. */
const forged = '203.0.113.7';
const forgedHeaders = {
  'x-forwarded-for': forged,
  forwarded: `for=${forged};proto=https`,
  'x-forwarded-proto': 'http',
  'x-real-ip': forged,
  'x-request-id': 'chosen-by-the-client',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'vendor=client',
};

const login = (email: string) =>
  JSON.stringify({
    query: 'mutation ($input: LoginInput!) { login(input: $input) { accessToken refreshToken } }',
    variables: { input: { email, password: seedPassword } },
  });
const asks = (query: string) => JSON.stringify({ query });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const byCookie = (host: string) => ({ 'signet-session': 'cookie', origin: `https://${host}` });

describe('nginx with deploy/tls/signet.conf', () => {
  let authority: TestAuthority;
  let platform: TestPlatform;
  let nginx: Nginx;
  const clients: TlsClient[] = [];

  /** A client of its own address, by which it is told from others. */
  const open = async (host: string, from: string): Promise<TlsClient> => {
    const client = await openTlsClient({ port: nginx.port, host, ca: authority.certificate, from });
    clients.push(client);
    return client;
  };
  const signIn = async (client: TlsClient, email: string, headers = {}): Promise<string> => {
    const { body } = await client.post(login(email), headers);
    return body.data.login.accessToken;
  };

  beforeAll(async () => {
    authority = createAuthority();
    platform = await startTestPlatform({
      ISSUER_URL: `https://${api}`,
      ALLOWED_HOSTS: `${api},${staff}`,
      TRUSTED_PROXIES: '127.0.0.1/32',
    });
    nginx = await startNginx(
      { user: platform.portBase + 1, portal: platform.portBase + 2 },
      authority.issue([api, staff], 1),
    );
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await nginx?.stop();
    await platform?.stop();
    authority?.remove();
  });

  test('speaks HTTP/2, and opens each entrance under its own name', async () => {
    const [customer, member] = [await open(api, '127.0.0.2'), await open(staff, '127.0.0.3')];
    const token = await signIn(customer, 'ada@example.com');
    expect((await customer.post(asks('{ me { email } }'), bearer(token))).body.data.me.email).toBe(
      'ada@example.com',
    );
    const refused = await member.post(asks('{ portalHealth }'), bearer(token));
    expect([refused.status, refused.body.errors[0].extensions.reason]).toEqual([
      401,
      'auth.failure.issuer_mismatch',
    ]);
    // The gateway knows by ISSUER_URL that clients come over TLS.
    expect(refused.headers['strict-transport-security']).toContain('max-age=');
  });

  test('tells the gateway who the client is, whatever the client says of itself', async () => {
    const from = '127.0.0.21';
    const client = await open(api, from);
    const token = await signIn(client, 'ada@example.com', forgedHeaders);
    const { body } = await client.post(asks('{ myDevices { address } }'), {
      ...bearer(token),
      ...forgedHeaders,
    });
    expect(body.data.myDevices.map(({ address }: { address: string }) => address)).toContain(from);
    const rows = await platform.home.database.query(
      `select distinct host(address) as address from auth.audit_event where address is not null`,
    );
    expect(rows.map(({ address }) => address)).toContain(from);
    expect(rows.map(({ address }) => address)).not.toContain(forged);
    expect(rows.map(({ address }) => address)).not.toContain('127.0.0.1');
  });

  test('shows the metadata and keys of both issuers below ISSUER_URL, where their metadata say that they are', async () => {
    const client = await open(api, '127.0.0.8');
    const get = async (path: string) => (await client.post('', { ':method': 'GET', ':path': path })).body;
    for (const platform of ['user', 'portal']) {
      const metadata = await get(`/.well-known/oauth-authorization-server/${platform}`);
      expect(metadata.issuer).toBe(`https://${api}/${platform}`);
      const [keysPath, tokenPath] = [metadata.jwks_uri, metadata.token_endpoint].map(
        (url) => new URL(url).pathname,
      ) as [string, string];
      expect((await get(keysPath)).keys.length).toBeGreaterThan(0);
      const refused = await client.post('grant_type=client_credentials', {
        ':path': tokenPath,
        'content-type': 'application/x-www-form-urlencoded',
      });
      expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client']);
    }
  });

  test('carries sessions in cookies that TLS alone brings back, for the page of the entrance and no other', async () => {
    const client = await open(api, '127.0.0.4');
    const signedIn = await client.post(login('ada@example.com'), byCookie(api));
    expect(signedIn.body.data.login.refreshToken).toBeNull();
    const cookie = [signedIn.headers['set-cookie']]
      .flat()
      .find((text) => text?.startsWith('__Host-signet-user-refresh='));
    expect(cookie).toMatch(/; Path=\/(;|$)/);
    for (const attribute of ['Secure', 'HttpOnly', 'SameSite=Strict'])
      expect(cookie).toContain(`; ${attribute}`);
    expect(cookie).not.toMatch(/domain/i);
    const headers = { ...byCookie(api), cookie: String(cookie).split(';')[0] as string };
    const refresh = asks('mutation { refresh { accessToken } }');
    const renewed = await client.post(refresh, headers);
    expect(renewed.body.data.refresh.accessToken).toEqual(expect.any(String));
    const foreign = await client.post(refresh, { ...headers, origin: 'https://other.example.com' });
    expect(foreign.body.data?.refresh ?? null).toBeNull();
    expect(foreign.body.errors[0].extensions.code).not.toBe('INTERNAL_SERVER_ERROR');
  });

  test('a session that ends is refused within a second, on connections that were open before', async () => {
    const [client, other] = [await open(api, '127.0.0.5'), await open(api, '127.0.0.6')];
    const me = asks('{ me { email } }');
    const ms = await shortestOfThree(1000, async () => {
      const token = await signIn(client, 'ada@example.com');
      for (const each of [client, other])
        expect((await each.post(me, bearer(token))).body.errors).toBeUndefined();
      expect((await client.post(asks('mutation { logout }'), bearer(token))).body.errors).toBeUndefined();
      const endedAt = performance.now();
      for (const each of [client, other]) {
        await expect
          .poll(async () => (await each.post(me, bearer(token))).body.errors?.[0].extensions.reason, {
            interval: 10,
          })
          .toBe('auth.failure.revoked');
      }
      return performance.now() - endedAt;
    });
    expect(ms).toBeLessThan(1000);
  });

  test('leaves a large body to the gateway, up to a megabyte, and refuses a larger one itself', async () => {
    const client = await open(api, '127.0.0.7');
    const large = await client.post(asks(`{ me { email } } #${'x'.repeat(300_000)}`));
    expect([large.status, large.body.errors[0].message]).toEqual([413, expect.any(String)]);
    const larger = await openTlsClient({ port: nginx.port, host: api, ca: authority.certificate });
    clients.push(larger);
    expect((await larger.post(asks(`{ me { email } } #${'x'.repeat(1_100_000)}`))).status).toBe(413);
  });

  test('has no answer and no certificate for a name that is not ours, and none for old versions of TLS', async () => {
    const handshake = async (options: object) => {
      const socket = connect({ host: '127.0.0.1', port: nginx.port, ca: authority.certificate, ...options });
      try {
        await once(socket, 'secureConnect');
        return socket.getProtocol();
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      } finally {
        socket.destroy();
      }
    };
    expect(await handshake({ servername: api })).toBe('TLSv1.3');
    expect(await handshake({ servername: 'evil.example.com' })).toMatch(/^ERR_SSL/);
    expect(await handshake({ servername: api, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).toMatch(/^E/);
  });

  test('sends plain http to https, for our names alone', async () => {
    const plain = (host: string) => sendPlain(nginx.plainPort, host);
    expect(await plain(api)).toMatch(
      /^HTTP\/1\.1 308 [\s\S]*\r\nLocation: https:\/\/api\.example\.com\/graphql\r\n/,
    );
    expect(await plain('evil.example.com')).toBe('');
  });

  test('its limits stand outside those of the gateway, so that the gateway answers', () => {
    const text = readFileSync(configPath, 'utf8');
    const seconds = (name: string) =>
      [...text.matchAll(new RegExp(`^\\s*${name} (\\d+)s;`, 'gm'))].map(([, value]) => Number(value));
    const { REQUEST_TIMEOUT_MS } = gatewayConfigSchema.shape;
    expect(Math.min(...seconds('proxy_read_timeout')) * 1000).toBeGreaterThan(
      REQUEST_TIMEOUT_MS.parse(undefined) as number,
    );
    expect(Math.max(...seconds('keepalive_timeout').slice(0, 2))).toBeLessThan(72);
  });
});

describe('what a gateway is sent', () => {
  let authority: TestAuthority;
  let nginx: Nginx;
  let gateway: Server;
  let seen: IncomingHttpHeaders | undefined;

  beforeAll(async () => {
    authority = createAuthority();
    gateway = createServer((req, res) => {
      seen = req.headers;
      res.setHeader('content-type', 'application/json').end('{}');
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    const { port } = gateway.address() as AddressInfo;
    nginx = await startNginx({ user: port, portal: port }, authority.issue([api, staff], -1));
  });
  afterAll(async () => {
    await nginx?.stop();
    gateway?.closeAllConnections();
    gateway?.close();
    authority?.remove();
  });

  const call = async (headers: Record<string, string> = {}) => {
    const client = await openTlsClient({
      port: nginx.port,
      host: api,
      ca: authority.certificate,
      from: '127.0.0.9',
    });
    try {
      return await client.post('{}', headers);
    } finally {
      client.close();
    }
  };
  const look = async (url = `https://${api}:${nginx.port}`) => {
    const [finding] = await checkCertificate(url, { ca: authority.certificate, address: '127.0.0.1' });
    return `${finding?.kind}: ${finding?.text}`;
  };

  test('an expired certificate: clients refuse it, nginx says nothing, signet doctor says since when', async () => {
    await expect(call()).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' });
    expect(nginx.log()).not.toMatch(/expired/);
    expect(await look()).toMatch(/^wrong: expired on \w+ +\d+ .* GMT: clients refuse it$/);
  });

  test('is served again after a renewal, without a restart', async () => {
    await nginx.renew(authority.issue([api, staff], 1));
    expect((await call()).status).toBe(200);
    expect(await look()).toMatch(/^wrong: expires on .*, in \d days$/);
    await nginx.renew(authority.issue(['other.example.com'], 60));
    expect(await look()).toMatch(/^wrong: clients refuse it: ERR_TLS_CERT_ALTNAME_INVALID$/);
    await nginx.renew(authority.issue([api, staff], 60));
    expect(await look()).toMatch(/^ok: good until /);
    expect(await look('https://127.0.0.1:1')).toMatch(
      /^note: could not be looked at from here \(.*ECONNREFUSED/,
    );
  });

  test("is the client's address, the scheme and an id of the proxy's own; nothing that a client wrote under these names", async () => {
    await call(forgedHeaders);
    expect(seen).toMatchObject({
      host: api,
      'x-forwarded-for': '127.0.0.9',
      'x-forwarded-proto': 'https',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    await expect.poll(() => nginx.log()).toContain(`${seen?.['x-request-id']} ${api} "POST /graphql" 200`);
    for (const name of ['forwarded', 'traceparent', 'tracestate']) expect(seen).not.toHaveProperty(name);
    expect(nginx.log()).toContain(seen?.['x-request-id']);
  });

  test('answers 503 in the form of the graph while no gateway does', async () => {
    gateway.closeAllConnections();
    gateway.close();
    const { status, headers, body } = await call();
    expect([status, headers['retry-after'], body.errors[0].extensions]).toEqual([
      503,
      '2',
      { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' },
    ]);
  });
});

function sendPlain(port: number, host: string): Promise<string> {
  return import('node:net').then(async ({ connect: connectPlain }) => {
    const socket = connectPlain(port, '127.0.0.1');
    socket.write(`GET /graphql HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    return text;
  });
}
