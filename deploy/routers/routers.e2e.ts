import { portOffsets } from '@signet/schema/subgraphs';
import { postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type StartedProcess,
  seedPassword,
  startProcess,
  startTestPlatform,
  type TestPlatform,
} from '../../launcher/src/platform.test-support.ts';
import { openRouterBench, type RouterBench, type Started } from './router-bench.test-support.ts';
import { installRouterPeers, type RouterPeers } from './router-peers.test-support.ts';

let peers: RouterPeers;
let platform: TestPlatform;
let bench: RouterBench;
let portalToken: string;
let userToken: string;

beforeAll(async () => {
  peers = installRouterPeers();
  platform = await startTestPlatform();
  bench = openRouterBench(platform, peers);
  userToken = await platform.signIn('user', 'ada@example.com');
  portalToken = await platform.signIn('portal', 'support@example.com');
}, 240_000);
afterAll(async () => {
  await bench?.stop();
  await platform?.stop();
});

/** Runs `signet smoke` at a router. */
async function walk(...urls: string[]): Promise<string> {
  const keysUrl = `http://localhost:${platform.portBase + portOffsets.graph}`;
  const smoke: StartedProcess = startProcess(
    'npm',
    ['run', '-s', 'smoke', '--', '--router', keysUrl, ...urls],
    {
      ...platform.home.variables,
      PORT_BASE: String(platform.portBase),
    },
  );
  await smoke.exit();
  return smoke.output();
}

const login = `mutation ($input: LoginInput!) { login(input: $input) { accessToken } }`;
const sessions = '{ mySessions { current device address } }';

/** What auth believes of a client that signs in through a router, and says more of itself than it may. */
async function signInThrough(url: string) {
  const headers = {
    'user-agent': 'Shop/2.0',
    'x-forwarded-for': '198.51.100.66, 203.0.113.9',
    'signet-context': 'id="forged", entrance="portal", address="192.0.2.1", device="forged", auth=?0',
    'signature-input': 'signet=("@method");nonce="forged"',
    signature: 'signet=:Zm9yZ2Vk:',
    'signet-signer': 'forged',
    cookie: 'forged=1',
  };
  const input = { email: 'ada@example.com', password: seedPassword };
  const { body } = await postGraphql(`${url}/graphql`, { query: login, variables: { input } }, { headers });
  const token = String(body.data?.login?.accessToken);
  const read = await postGraphql(`${url}/graphql`, { query: sessions }, { token, headers });
  return read.body.data?.mySessions.find(({ current }: { current: boolean }) => current);
}
const believed = { current: true, device: 'Shop/2.0', address: '203.0.113.9' };

describe('Hive Gateway, one at each entrance', () => {
  let user: Started;
  let portal: Started;
  let signers: [Started, Started];
  beforeAll(async () => {
    signers = await Promise.all([bench.startSigner('user'), bench.startSigner('portal')]);
    [user, portal] = await Promise.all([
      bench.startHiveGateway('user', signers[0]),
      bench.startHiveGateway('portal', signers[1]),
    ]);
  });

  test('passes the smoke walk', async () => {
    const output = await walk(user.url, portal.url);
    expect(output).toContain('All of it holds');
    // Bad tokens are refused before anything runs; the rules in the supergraph refuse a caller without one.
    expect(output.match(/is refused: .*/g)).toEqual([
      'is refused: by auth.failure.issuer_mismatch',
      'is refused: by auth.failure.issuer_mismatch',
      'is refused: by auth.failure.invalid_signature',
      'is refused: by auth.failure.expired',
      'is refused: by UNAUTHORIZED_FIELD_OR_TYPE',
    ]);
  });

  test('passes on what the signer takes from a client, and nothing that is forged', async () => {
    expect(await signInThrough(user.url)).toEqual(believed);
  });

  test('refuses a token of the other platform before it asks a subgraph', async () => {
    const answer = await postGraphql(
      `${user.url}/graphql`,
      { query: '{ me { id } }' },
      { token: portalToken, isForeign: true },
    );
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.issuer_mismatch']]);
  });

  test('has no field of the other platform', async () => {
    const answer = await postGraphql(
      `${user.url}/graphql`,
      { query: '{ portalHealth }' },
      { token: userToken, isForeign: true },
    );
    expect(answer.body.errors?.[0]?.message).toMatch(/Cannot query field "portalHealth"/);
  });

  /** A router that checks nothing, at the signer of an entrance. */
  const ask = (signer: Started, subgraph: string, query: string, token?: string) =>
    postGraphql(
      `${signer.url}/${subgraph}`,
      { query },
      { headers: { 'signet-signer': bench.secret }, ...(token && { token }) },
    );

  test.each([
    ['a staff token', 'auth', '{ __typename }', () => portalToken],
    ["a staff field, with a customer's token", 'portal', '{ portalHealth }', () => userToken],
    ['a staff field, without a token', 'portal', '{ portalHealth }', () => undefined],
  ])(
    'whatever the router lets through, the key of the entrance user opens nothing else: %s',
    async (...row) => {
      const [, subgraph, query, tokenOf] = row;
      const answer = await ask(signers[0], subgraph, query, tokenOf());
      expect([answer.status, answer.body.data ?? null]).toEqual([503, null]);
      // Lines of the log are written in batches.
      await expect.poll(() => signers[0].output()).toContain('auth.failure.proof_invalid');
    },
  );

  test('the same field at the entrance portal is answered, by the rules of the subgraph', async () => {
    expect((await ask(signers[1], 'portal', '{ portalHealth }', portalToken)).body).toEqual({
      data: { portalHealth: 'ok' },
    });
    expect(reasonsOf(await ask(signers[1], 'portal', '{ portalHealth }'))).toEqual([
      'auth.failure.missing_token',
    ]);
  });

  test('without the secret, and at a subgraph without the signer, nobody gets an answer', async () => {
    const query = { query: '{ __typename }' };
    expect((await postGraphql(`${signers[0].url}/auth`, query)).status).toBe(403);
    expect(reasonsOf(await postGraphql(`${bench.subgraphUrlOf('auth')}/graphql`, query))).toEqual([
      'auth.failure.proof_missing',
    ]);
  });
});

describe('Grafbase, at the entrance graph', () => {
  let grafbase: Started;
  beforeAll(async () => {
    if (peers.grafbase) grafbase = await bench.startGrafbase(await bench.startSigner('graph'));
  });

  test('passes the smoke walk', async ({ skip }) => {
    if (!peers.grafbase) skip('npm has no binary of Grafbase for this machine');
    const output = await walk(grafbase.url);
    expect(output).toContain('All of it holds');
    // It looks at no token here. Every refusal is the subgraph's own, and reaches the client as it is.
    expect(output.match(/is refused: .*/g)).toEqual([
      'is refused: by authz.platform.deny',
      'is refused: by authz.platform.deny',
      'is refused: by auth.failure.invalid_signature',
      'is refused: by auth.failure.expired',
      'is refused: by auth.failure.missing_token',
    ]);
  });

  test('passes on what the signer takes from a client, and nothing that is forged', async ({ skip }) => {
    if (!peers.grafbase) skip('npm has no binary of Grafbase for this machine');
    expect(await signInThrough(grafbase.url)).toEqual(believed);
  });
});
