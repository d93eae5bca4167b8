import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { postGraphql, reasonsOf } from '@signet/testing';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  composeForeignGraph,
  type ForeignSubgraph,
  serveForeignSubgraph,
} from './supergraph/foreign-graph.test-support.ts';

/*
 * The gateway with a customers' and a staff's identity provider, each a real OpenID provider on a port of its own.
 */

const root = join(import.meta.dirname, '../..');
const api = 'https://api.example.com';

type Tokens = { access_token: string; id_token?: string };
type IdentityProvider = {
  issuer: string;
  /** The token of an application (RFC 6749, section 4.4). */
  getApplicationToken(scope: string): Promise<string>;
  /** What a person's sign-in ends with: the code is exchanged at the provider's token endpoint. */
  signIn(accountId: string, scope: string): Promise<Tokens>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** The parts of oidc-provider that are used here; it has no types of its own. */
type OidcProvider = {
  callback(): RequestListener;
  Client: { find(id: string): Promise<unknown> };
  Grant: new (
    of: object,
  ) => {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  };
  AuthorizationCode: new (of: object) => { save(): Promise<string> };
};

async function createIdentityProvider(port: number, alg: 'RS256' | 'ES256'): Promise<IdentityProvider> {
  const issuer = `http://127.0.0.1:${port}`;
  const client = { client_id: 'app', client_secret: crypto.randomUUID() };
  const redirectUri = 'https://app.example.com/callback';
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const { default: Provider } = (await import('oidc-provider' as string)) as {
    default: new (issuer: string, configuration: object) => OidcProvider;
  };
  const provider = new Provider(issuer, {
    clients: [
      {
        ...client,
        grant_types: ['client_credentials', 'authorization_code'],
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: alg,
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: `${alg}-1`, use: 'sig', alg }] },
    cookies: { keys: ['only for a test'] },
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 600, IdToken: 600 },
    scopes: ['openid', 'notes:read'],
    pkce: { required: () => false },
    findAccount: (_ctx: unknown, accountId: string) => ({
      accountId,
      claims: async () => ({ sub: accountId }),
    }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => api,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'notes:read',
          audience: api,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg } },
        }),
      },
    },
  });
  const request = async (parameters: Record<string, string>): Promise<Tokens> => {
    const body = new URLSearchParams({ ...client, ...parameters });
    const response = await fetch(`${issuer}/token`, { method: 'POST', body });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Tokens;
  };
  let server: Server | undefined;
  return {
    issuer,
    async getApplicationToken(scope) {
      return (await request({ grant_type: 'client_credentials', scope, resource: api })).access_token;
    },
    async signIn(accountId, scope) {
      const grant = new provider.Grant({ accountId, clientId: client.client_id });
      grant.addOIDCScope('openid');
      grant.addResourceScope(api, scope);
      const code = new provider.AuthorizationCode({
        accountId,
        grantId: await grant.save(),
        client: await provider.Client.find(client.client_id),
        gty: 'authorization_code',
        redirectUri,
        resource: api,
        scope: `openid ${scope}`,
        authTime: Math.floor(Date.now() / 1000),
      });
      return request({
        grant_type: 'authorization_code',
        code: await code.save(),
        redirect_uri: redirectUri,
      });
    },
    async start() {
      server = createServer(provider.callback()).listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async stop() {
      server?.closeAllConnections();
      server?.close();
      if (server) await once(server, 'close');
      server = undefined;
    },
  };
}

let folder: string;
let subgraphs: readonly [ForeignSubgraph, ForeignSubgraph];
let customers: IdentityProvider;
let staff: IdentityProvider;
let gateway: ChildProcess;
let staffToken: string;
let output = '';
const urls = { customers: '', staff: '' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-issuers-'));
  const ports = await Promise.all([1, 2, 3, 4].map(findFreePort));
  const [customersPort, staffPort, shopPort, officePort] = ports as [number, number, number, number];
  [customers, staff] = await Promise.all([
    createIdentityProvider(customersPort, 'RS256'),
    createIdentityProvider(staffPort, 'ES256'),
  ]);
  await Promise.all([customers.start(), staff.start()]);
  staffToken = (await staff.signIn('sam', 'notes:read')).access_token;
  await staff.stop();
  subgraphs = await Promise.all([
    serveForeignSubgraph('Product-Catalog'),
    serveForeignSubgraph('reviews_v2'),
  ]);
  const rules = '@requiresScopes(scopes: [["notes:read"]])';
  await writeFile(
    join(folder, 'supergraph.graphql'),
    composeForeignGraph({ 'Product-Catalog': subgraphs[0].url, reviews_v2: subgraphs[1].url }, { rules }),
  );
  await writeFile(
    join(folder, 'signet.yaml'),
    `supergraph: supergraph.graphql
proof: off
entrances:
  customers: { port: ${shopPort}, platforms: [user] }
  office: { port: ${officePort}, platforms: [portal] }
issuers:
  - issuer: ${customers.issuer}
    platform: user
    audience: ${api}
    discovery: ${customers.issuer}/.well-known/openid-configuration
    revocations: none
  - issuer: ${staff.issuer}
    platform: portal
    audience: ${api}
    jwks: ${staff.issuer}/jwks
    revocations: none
`,
  );
  urls.customers = `http://127.0.0.1:${shopPort}`;
  urls.staff = `http://127.0.0.1:${officePort}`;
  gateway = spawn(process.execPath, ['gateway/main.mjs', '--config', join(folder, 'signet.yaml')], {
    cwd: root,
    env: { PATH: process.env.PATH },
    stdio: 'pipe',
  });
  for (const stream of [gateway.stdout, gateway.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await until(() => isReady('customers'));
});

afterAll(async () => {
  if (gateway.exitCode === null) {
    gateway.kill('SIGKILL');
    await once(gateway, 'exit');
  }
  await Promise.all([customers.stop(), staff.stop(), ...subgraphs.map((subgraph) => subgraph.close())]);
  await rm(folder, { recursive: true });
});

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    if (gateway.exitCode !== null) throw new Error(output);
    await sleep(50);
  }
}

type Entrance = keyof typeof urls;

async function isReady(entrance: Entrance): Promise<boolean> {
  return (await fetch(`${urls[entrance]}/health/ready`).catch(() => undefined))?.ok ?? false;
}

async function ask(entrance: Entrance, token: string) {
  const answer = await postGraphql(`${urls[entrance]}/graphql`, { query: '{ whoServes }' }, { token });
  return { ...answer, outcome: answer.body.data ?? reasonsOf(answer) };
}

const served = { whoServes: 'Product-Catalog' };

describe('an identity provider that is down when the gateway starts', () => {
  it('leaves its entrance not ready and its tokens unavailable, and the other entrance at work', async () => {
    const { access_token } = await customers.signIn('ada', 'notes:read');
    expect((await ask('customers', access_token)).outcome).toEqual(served);
    expect(await isReady('staff')).toBe(false);
    const unavailable = await ask('staff', staffToken);
    expect([unavailable.status, unavailable.outcome]).toEqual([503, ['auth.unavailable']]);
    expect(Number(unavailable.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(output).toMatch(/ECONNREFUSED[\s\S]*issuers\[1\] could not be read/);
    // Then something else answers at its address, and at last itself.
    const html = createServer((_req, res) => res.setHeader('content-type', 'text/html').end('<html>'));
    html.listen(Number(new URL(staff.issuer).port), '127.0.0.1');
    await once(html, 'listening');
    await until(async () => !(await isReady('staff')) && /did not answer JSON/.test(output));
    html.closeAllConnections();
    html.close();
    await once(html, 'close');
    await staff.start();
    await until(() => isReady('staff'));
    expect((await ask('staff', staffToken)).outcome).toEqual(served);
  });
});

describe('tokens of an OpenID provider', () => {
  it('open fields by their scopes, of a person and of an application', async () => {
    const { access_token } = await customers.signIn('ada', 'notes:read');
    for (const token of [access_token, await customers.getApplicationToken('notes:read')]) {
      expect((await ask('customers', token)).body).toEqual({ data: served });
    }
    const without = await ask('customers', await customers.getApplicationToken(''));
    expect([without.status, without.outcome]).toEqual([403, ['authz.scope.deny']]);
  });

  it('are refused as ID tokens, changed, and at the entrance of the other platform', async () => {
    const { access_token, id_token = '' } = await customers.signIn('ada', 'notes:read');
    expect((await ask('customers', id_token)).outcome).toEqual(['auth.failure.wrong_type']);
    const [header, , signature] = access_token.split('.');
    const claims = Buffer.from(JSON.stringify({ iss: customers.issuer, aud: api, sub: 'root', exp: 1e10 }));
    const forged = `${header}.${claims.toString('base64url')}.${signature}`;
    expect((await ask('customers', forged)).outcome).toEqual(['auth.failure.invalid_signature']);
    const elsewhere = await ask('staff', access_token);
    expect([elsewhere.status, elsewhere.outcome]).toEqual([401, ['auth.failure.issuer_mismatch']]);
  });
});

it('an issuer that goes away keeps nobody out whose key is known', async () => {
  const { access_token } = await customers.signIn('ada', 'notes:read');
  await customers.stop();
  expect((await ask('customers', access_token)).outcome).toEqual(served);
});
