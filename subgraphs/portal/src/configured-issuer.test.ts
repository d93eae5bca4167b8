import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addUser, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

/*
 * Staff of another issuer, whose entry is in the file of ISSUERS_FILE, in a subgraph of the platform with its database.
 */

const issuer = 'https://staff.example';
let folder: string;
let keys: Server;
let key: Awaited<ReturnType<typeof generateKeyPair>>;
let subgraph: TestSubgraph;

beforeAll(async () => {
  key = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(key.publicKey)), kid: 'k', use: 'sig' };
  keys = createServer((_req, res) => res.end(JSON.stringify({ keys: [jwk] }))).listen(0, '127.0.0.1');
  await new Promise((resolve) => keys.once('listening', resolve));
  folder = await mkdtemp(join(tmpdir(), 'signet-issuers-'));
  const issuersFile = join(folder, 'issuers.yaml');
  await writeFile(
    issuersFile,
    `issuers:
  - issuer: ${issuer}
    platform: portal
    audience: portal-api
    jwks: http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys
    ids: derived
    claims: { tenant: org, role: role }
`,
  );
  subgraph = await startTestSubgraph(definition, { issuersFile });
  await addUser(subgraph.database, subgraph.tenants.demo, { email: 'ada@example.com' });
  await addUser(subgraph.database, subgraph.tenants.globex, { email: 'bob@example.com' });
});
afterAll(async () => {
  await subgraph.stop();
  keys.close();
  await rm(folder, { recursive: true });
});

const caller = async (claims: Record<string, unknown>) => {
  const token = await new SignJWT({
    iss: issuer,
    aud: 'portal-api',
    sub: 'okta|sam',
    sid: 'not a UUID',
    scope: 'customers:read',
    org: subgraph.tenants.demo,
    exp: Math.floor(Date.now() / 1000) + 600,
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })
    .sign(key.privateKey);
  return { id: '', token };
};
const query = '{ customers(first: 10) { edges { node { email } } } }';
const emailsOf = async (claims: Record<string, unknown>) => {
  const { body } = await subgraph.ask(query, {}, await caller(claims));
  return body.data?.customers.edges.map(({ node }: { node: { email: string } }) => node.email);
};

describe('staff of a configured issuer', () => {
  it('read the rows of the tenant in their token, and of no other', async () => {
    expect(await emailsOf({})).toEqual(['ada@example.com']);
    expect(await emailsOf({ org: subgraph.tenants.globex })).toEqual(['bob@example.com']);
    const elsewhere = await subgraph.ask(query, {}, await caller({}), { tenant: 'globex' });
    expect(reasonsOf(elsewhere)).toEqual(['auth.tenant_mismatch']);
  });

  it.each([
    ['no tenant', { org: undefined }, 'auth.failure.malformed'],
    ['a tenant that is no UUID', { org: 'demo' }, 'auth.failure.malformed'],
    ['the other platform', { platform: 'user' }, 'auth.failure.issuer_mismatch'],
    ['the audience of our own staff', { aud: 'signet:portal' }, 'auth.failure.audience_mismatch'],
    [
      'the audience of our own customers too',
      { aud: ['portal-api', 'signet:user'] },
      'auth.failure.audience_mismatch',
    ],
    ['our own issuer', { iss: 'https://signet.example/portal' }, 'auth.failure.issuer_mismatch'],
    ['no scope', { scope: '' }, 'authz.scope.deny'],
  ])('are refused with %s', async (_title, claims, reason) => {
    expect(reasonsOf(await subgraph.ask(query, {}, await caller(claims)))).toEqual([reason]);
  });

  it('come through no entrance of customers', async () => {
    const { token } = await caller({});
    const answer = await subgraph.gatewayOf('user').post(subgraph.url, { query }, { token });
    expect(reasonsOf(answer)).toEqual(['auth.failure.proof_invalid']);
  });

  it.each([undefined, 1, 'in ten minutes'])(
    'count as signed in long ago where their token has the auth_time %s',
    async (stated) => {
      const auth_time = typeof stated === 'string' ? Math.floor(Date.now() / 1000) + 600 : stated;
      const as = await caller({ scope: 'customers:write', auth_time });
      const mutation = 'mutation { suspendCustomer(customerId: "no id") { isActive } }';
      const { body } = await subgraph.ask(mutation, {}, as);
      expect(body.errors?.map(({ extensions }) => extensions)).toEqual([
        { code: 'FORBIDDEN', reason: 'authz.step_up.required', stepUp: { maxAge: 300 } },
      ]);
    },
  );

  it('change nothing that needs a living session of our own staff, by whatever ids they come', async () => {
    const { id, token } = await subgraph.addStaff('super_admin');
    const { sid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { id: customerId } = await addUser(subgraph.database, subgraph.tenants.demo);
    const mutation = 'mutation ($id: ID!) { suspendCustomer(customerId: $id) { isActive } }';
    const auth_time = Math.floor(Date.now() / 1000);
    const as = await caller({ sub: id, sid, role: 'super_admin', scope: 'customers:write', auth_time });
    expect(reasonsOf(await subgraph.ask(mutation, { id: customerId }, as))).toEqual(['auth.failure.revoked']);
    expect(reasonsOf(await subgraph.ask(mutation, { id: customerId }, { id, token }))).toEqual([]);
  });
});
