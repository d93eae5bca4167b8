import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createProofSet, writeProofSet } from '@signet/proof';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SignerBench, secret, startSignerBench } from './signer.test-support.ts';

let signer: SignerBench;
beforeAll(async () => {
  signer = await startSignerBench({ TRUSTED_PROXIES: '127.0.0.1/32,10.0.0.0/8' });
});
beforeEach(() => signer.reset());
afterAll(() => signer?.stop());

const token = 'Bearer a.b.c';

describe('a fetch of the router', () => {
  it.each(['catalog', 'orders'])('is signed with the key of the entrance, for %s alone', async (name) => {
    const answer = await signer.post(`/${name}`, { headers: { authorization: token } });
    expect([answer.status, await answer.text()]).toEqual([200, '{"data":{"it":1}}']);
    expect(signer.received).toMatchObject([
      {
        process: name,
        url: '/graphql',
        body: '{"query":"{ it }"}',
        proof: { sender: { name: 'gateway-user', role: 'gateway', entrance: 'user' } },
        headers: { authorization: token },
      },
    ]);
  });

  it('is signed anew each time', async () => {
    await signer.post('/catalog');
    await signer.post('/catalog');
    expect(new Set(signer.received.map(({ proof }) => proof?.nonce)).size).toBe(2);
  });

  it('is signed over the bytes that the router sent', async () => {
    const body = Buffer.from('{ "query" : "{ it }",\n\t"variables": {"text": "\\u00e4 ä \ud83d\ude00"} }');
    await signer.post('/catalog', { body });
    expect(signer.received).toMatchObject([{ proof: { sender: {} }, body: body.toString() }]);
  });

  it('carries what the router passes on about its client', async () => {
    await signer.post('/catalog', {
      headers: {
        authorization: token,
        'x-request-id': 'b7c1-42',
        'x-tenant': 'acme',
        'user-agent': 'shop/1.0 (iPhone)',
        origin: 'https://shop.example',
        'x-forwarded-for': '198.51.100.7, 203.0.113.9, 10.1.2.3',
      },
    });
    expect(signer.received[0]?.context).toEqual({
      requestId: 'b7c1-42',
      entrance: 'user',
      clientAddress: '203.0.113.9',
      tenant: 'acme',
      device: 'shop/1.0 (iPhone)',
      origin: 'https://shop.example',
      hasToken: true,
      timeoutMs: 14_900,
    });
  });

  it('has an id of its own where the router gives none that can be one', async () => {
    for (const id of ['', 'a"b', 'x'.repeat(65), 'id, entrance="portal"']) {
      await signer.post('/catalog', { headers: { 'x-request-id': id } });
    }
    const ids = signer.received.map(({ context }) => context?.requestId);
    expect(ids).toEqual(Array(4).fill(expect.stringMatching(/^[0-9a-f-]{36}$/)));
    expect(new Set(ids).size).toBe(4);
  });

  it("names no client address where nobody but the router is known, and never the router's", async () => {
    await signer.post('/catalog');
    expect(signer.received[0]?.context).not.toHaveProperty('clientAddress');
    const untrusting = await startSignerBench();
    try {
      await untrusting.post('/catalog', { headers: { 'x-forwarded-for': '203.0.113.9' } });
      expect(untrusting.received[0]?.context).not.toHaveProperty('clientAddress');
    } finally {
      await untrusting.stop();
    }
  });

  it("leaves the client's words in the signer's own headers behind, its cookies, and the secret", async () => {
    await signer.post('/catalog', {
      headers: {
        'signet-context': 'id="forged", entrance="portal", address="203.0.113.9", auth=?1',
        signature: 'signet=:Zm9yZ2Vk:',
        'signature-input': 'signet=("@method");nonce="forged"',
        'content-digest': 'sha-256=:Zm9yZ2Vk:',
        cookie: 'forged=1',
        'x-forged': 'forged',
      },
    });
    const [{ rawHeaders, headers, context, proof } = signer.received[0] as never] = signer.received;
    expect(proof).toBeDefined();
    expect(context).toMatchObject({ entrance: 'user', hasToken: false });
    expect(Object.keys(headers).sort()).toEqual(
      [
        'accept',
        'connection',
        'content-digest',
        'content-length',
        'content-type',
        'host',
        'signature',
        'signature-input',
        'signet-context',
      ].sort(),
    );
    expect(rawHeaders).toHaveLength(18);
    expect(JSON.stringify(headers)).not.toMatch(/forged|Zm9yZ2Vk|203\.0\.113\.9/);
    expect(JSON.stringify(headers)).not.toContain(secret);
  });
});

describe('the answer', () => {
  const json = { 'content-type': 'application/json; charset=utf-8' };

  it('of a refusal by the subgraph is its text with the status 200, since routers read no other', async () => {
    const body =
      '{"errors":[{"message":"No.","extensions":{"code":"UNAUTHENTICATED","reason":"auth.failure.expired"}}]}';
    signer.answer = { status: 401, headers: { ...json, 'www-authenticate': 'Bearer' }, body };
    const answer = await signer.post('/catalog');
    expect([answer.status, await answer.text()]).toEqual([200, body]);
  });

  it('carries none of the headers of the subgraph, cookies above all', async () => {
    signer.answer = {
      status: 200,
      headers: { ...json, 'set-cookie': 'a=b', 'x-powered-by': 'it' },
      body: '{"data":{}}',
    };
    const { headers } = await signer.post('/catalog');
    expect([headers.get('set-cookie'), headers.get('x-powered-by')]).toEqual([null, null]);
    expect(headers.get('cache-control')).toBe('private, no-store');
  });

  it.each(['auth.failure.proof_missing', 'auth.failure.proof_invalid', 'auth.failure.replay'])(
    'to a signature that is refused (%s) is an outage: the client would take it for a refusal of its token',
    async (reason) => {
      signer.answer = {
        status: 401,
        headers: json,
        body: JSON.stringify({
          errors: [{ message: 'No.', extensions: { code: 'UNAUTHENTICATED', reason } }],
        }),
      };
      const answer = await signer.post('/catalog');
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        errors: [{ extensions: { reason: 'service.unavailable' } }],
      });
      expect(signer.logged).toMatchObject([
        {
          level: 'error',
          fields: { subgraph: 'catalog', err: { message: expect.stringContaining(reason) } },
        },
      ]);
    },
  );

  it.each([
    [
      'no GraphQL',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>secret of the subgraph' },
    ],
    ['no JSON', { status: 200, headers: json, body: 'secret of the subgraph' }],
    ['no result', { status: 500, headers: json, body: '{"secret of the subgraph":1}' }],
  ])('that is %s stays here: 503', async (_title, given) => {
    signer.answer = given;
    const answer = await signer.post('/orders');
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('secret');
    expect(answer.headers.get('retry-after')).toBe('2');
  });

  it('of a subgraph that does not answer is 503 when the time is up', async () => {
    const impatient = await startSignerBench({ REQUEST_TIMEOUT_MS: '200' });
    try {
      impatient.answer = { ...impatient.answer, delayMs: 5000 };
      expect((await impatient.post('/catalog')).status).toBe(503);
    } finally {
      await impatient.stop();
    }
  });
});

it('shows its health and the metrics of its process at METRICS_PORT, until it stops', async () => {
  const probe = createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port } = probe.address() as AddressInfo;
  await once(probe.close(), 'close');
  const measured = await startSignerBench({ METRICS_PORT: String(port) });
  const read = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  expect(await read('/metrics')).toMatch(/^signet_ready\{service="signer"\} 1$/m);
  expect(JSON.parse(await read('/health/ready'))).toMatchObject({ status: 'ready' });
  await measured.stop();
  await expect(read('/metrics')).rejects.toThrow('fetch failed');
});

describe('the keys', () => {
  it('are read again: after a replacement the signer signs with the new key', async () => {
    const mine = await startSignerBench();
    try {
      const other = join(mine.proofFolder, '../other');
      writeProofSet(other, createProofSet());
      for (const path of readdirSync(other, { recursive: true, withFileTypes: true }).filter((file) =>
        file.isFile(),
      )) {
        const from = join(path.parentPath, path.name);
        writeFileSync(from.replace(other, mine.proofFolder), readFileSync(from), { mode: 0o600 });
      }
      // The subgraphs of the test keep the old keys: what the signer signs now is not for them.
      await vi.waitFor(
        async () => {
          mine.reset();
          await mine.post('/catalog');
          expect(mine.received).toMatchObject([{ proof: undefined }]);
        },
        { timeout: 30_000, interval: 250 },
      );
    } finally {
      await mine.stop();
    }
  });

  it.each([
    ['PROOF_KEY_FILE', '/nowhere/key.json'],
    ['PROOF_PEERS_FILE', '/nowhere/peers.json'],
  ])('are needed to start: %s', async (variable, path) => {
    await expect(startSignerBench({ [variable]: path })).rejects.toThrow(path);
  });

  it('of another entrance than SIGNER_ENTRANCE stop the start', async () => {
    await expect(startSignerBench({ SIGNER_ENTRANCE: 'portal' })).rejects.toThrow(
      /is the key file of gateway-user/,
    );
  });

  it('must be known for every subgraph', async () => {
    await expect(
      startSignerBench({ SUBGRAPH_URLS: 'catalog=http://127.0.0.1:1/graphql,stranger=http://127.0.0.1:1/' }),
    ).rejects.toThrow(/SUBGRAPH_URLS: .*lists no subgraph 'stranger'/);
  });
});

describe('auth that is two processes', () => {
  let split: SignerBench;
  beforeAll(async () => {
    split = await startSignerBench(
      { SUPERGRAPH_FILE: join(import.meta.dirname, '../../../schema/generated/supergraph.graphql') },
      ['auth-user', 'auth-portal', 'catalog'],
    );
  });
  beforeEach(() => split.reset());
  afterAll(() => split?.stop());
  const post = (query: string, variables?: object) =>
    split.post('/auth', { body: JSON.stringify({ query, variables }) });

  it.each([
    ['auth-user', '{ me { id } }', undefined],
    ['auth-portal', '{ portalMe { id } }', undefined],
    ['auth-portal', 'mutation { portalLogin(input: {}) { accessToken } }', undefined],
    [
      'auth-portal',
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }',
      { representations: [{ __typename: 'StaffMember', id: '1' }] },
    ],
    [
      'auth-user',
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }',
      { representations: [{ __typename: 'Customer', id: '1' }] },
    ],
  ])('%s gets %s, signed for it', async (name, query, variables) => {
    await post(query, variables);
    expect(split.received).toMatchObject([{ process: name, proof: { sender: { name: 'gateway-user' } } }]);
  });

  it.each(['{"query":1}', '[]', 'null', '{', '{"query":"{"}', '\xff'])(
    'a body that is no operation reaches neither: %s',
    async (body) => {
      const answer = await split.post('/auth', { body: Buffer.from(body, 'latin1') });
      expect([answer.status, split.received]).toEqual([400, []]);
    },
  );
});
