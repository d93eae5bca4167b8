import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sendBytes } from '../../../libs/service/src/raw-http.test-support.ts';
import { type SignerBench, secret, startSignerBench } from './signer.test-support.ts';

let signer: SignerBench;
beforeAll(async () => {
  signer = await startSignerBench({ MAX_FETCHES: '8' });
});
beforeEach(() => signer.reset());
afterAll(() => signer?.stop());

const body = '{"query":"{ it }"}';
const usual = [
  'content-type: application/json',
  `signet-signer: ${secret}`,
  `content-length: ${body.length}`,
];

/** Sends a request as it is written, and returns the status. */
async function send(
  target: string,
  lines: readonly string[] = usual,
  text: string | Buffer = body,
): Promise<number> {
  const head = [`POST ${target} HTTP/1.1`, 'host: localhost', 'connection: close', ...lines].join('\r\n');
  const bytes = Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), Buffer.from(text)]);
  return (await sendBytes(signer.url, bytes)).status;
}

describe('whoever is not the router gets no signature', () => {
  it.each<[string, string[]]>([
    ['nobody', []],
    ['an empty secret', ['signet-signer:']],
    ['another secret', [`signet-signer: ${secret.replace('a', 'b')}`]],
    ['the beginning of the secret', [`signet-signer: ${secret.slice(0, -1)}`]],
    ['more than the secret', [`signet-signer: ${secret}x`]],
    ['the secret among two', [`signet-signer: ${secret}`, 'signet-signer: other']],
    ['the secret second', ['signet-signer: other', `signet-signer: ${secret}`]],
    ['the secret in another header', [`authorization: Bearer ${secret}`]],
  ])('%s', async (_title, lines) => {
    expect(
      await send('/catalog', [...usual.filter((line) => !line.startsWith('signet-signer')), ...lines]),
    ).toBe(403);
    expect(signer.received).toEqual([]);
  });

  it('before its body is read, or told what there is', async () => {
    const lines = ['content-type: application/json', 'content-length: 1000000'];
    expect(await send('/catalog', lines, '')).toBe(403);
    expect(await send('/nothing', ['content-length: 0'], '')).toBe(403);
  });

  it('a page that rebinds a name to this machine', async () => {
    const head = ['POST /catalog HTTP/1.1', 'host: evil.example', 'connection: close', ...usual].join('\r\n');
    expect((await sendBytes(signer.url, `${head}\r\n\r\n${body}`)).status).toBe(421);
    expect(signer.received).toEqual([]);
  });

  it('and the log says so once a minute, without the secret or what was sent', async () => {
    const mine = await startSignerBench();
    try {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        await mine.post('/catalog', { headers: { 'signet-signer': `guess-${attempt}` } });
      }
      expect(mine.logged).toMatchObject([{ level: 'warn', fields: { from: '127.0.0.1', times: 1 } }]);
      expect(JSON.stringify(mine.logged)).not.toMatch(/guess|a-secret/);
    } finally {
      await mine.stop();
    }
  });
});

describe('the target decides the subgraph, in one spelling', () => {
  it.each([
    '/',
    '/graphql',
    '/catalog/',
    '//catalog',
    '/catalog/graphql',
    '/catalog/../orders',
    '/./catalog',
    '/%63atalog',
    '/catalog%2f..%2forders',
    '/catalog?x=1',
    '/catalog?',
    '/catalog;x',
    '/Catalog',
    '/catalog#x',
    '/catalog/..;/orders',
    '/gateway-user',
    '/__proto__',
    '/constructor',
    'http://localhost/catalog',
    'http://evil.example/catalog',
    'http://127.0.0.1:1/graphql',
    'catalog',
    '*',
  ])('%s reaches none', async (target) => {
    expect(await send(target)).toSatisfy((status: number) => [400, 403, 404, 421].includes(status));
    expect(signer.received).toEqual([]);
  });

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PATCH', 'QUERY'])(
    'by %s: none',
    async (method) => {
      const head = [
        `${method} /catalog HTTP/1.1`,
        'host: localhost',
        'connection: close',
        `signet-signer: ${secret}`,
      ];
      const { status } = await sendBytes(signer.url, `${head.join('\r\n')}\r\n\r\n`).catch(() => ({
        status: 0,
      }));
      // CONNECT and broken methods get no answer at all.
      expect(status).not.toBe(200);
      expect(signer.received).toEqual([]);
    },
  );
});

describe('a header that is smuggled', () => {
  it('two tokens are refused: signer and subgraph could read different ones', async () => {
    expect(
      await send('/catalog', [...usual, 'authorization: Bearer a.b.c', 'authorization: Bearer d.e.f']),
    ).toBe(401);
    expect(signer.received).toEqual([]);
  });

  it.each([
    'signet-context: id="x", entrance="portal"',
    'signature: x',
    'signature-input: x',
    'content-digest: x',
    'x-tenant: acme", entrance="portal',
  ])('even twice, %s is in no header that is signed as a fact', async (line) => {
    expect(await send('/catalog', [...usual, line, line])).toBe(200);
    expect(signer.received).toMatchObject([
      { proof: { sender: { entrance: 'user' } }, context: { entrance: 'user', hasToken: false } },
    ]);
  });

  it('a line break in a value reaches nobody', async () => {
    expect(await send('/catalog', [...usual, 'x-tenant: a\rsignet-context: b'])).toBe(400);
    expect(signer.received).toEqual([]);
  });

  it('a session cookie that the page asks for is refused, not answered in the body', async () => {
    expect(await send('/catalog', [...usual, 'signet-session: cookie'])).toBe(400);
    expect(signer.received).toEqual([]);
  });

  it("a connection's own headers are not passed on", async () => {
    const lines = [
      ...usual,
      'upgrade: websocket',
      'te: trailers',
      'keep-alive: timeout=1',
      'proxy-authorization: Basic x',
    ];
    expect(await send('/catalog', lines)).toBe(200);
    for (const name of ['upgrade', 'te', 'proxy-authorization'])
      expect(signer.received[0]?.headers).not.toHaveProperty(name);
  });
});

describe('a body', () => {
  const chunked = usual.filter((line) => !line.startsWith('content-length'));

  it('in chunks is signed as a whole', async () => {
    const chunks = '5\r\n{"que\r\n'.concat('d\r\nry":"{ it }"}\r\n0\r\n\r\n');
    expect(await send('/catalog', [...chunked, 'transfer-encoding: chunked'], chunks)).toBe(200);
    expect(signer.received).toMatchObject([{ body, proof: { sender: {} } }]);
  });

  it.each<[string, string[]]>([
    ['a length and chunks', [...usual, 'transfer-encoding: chunked']],
    ['two lengths', [...usual, 'content-length: 3']],
    ['a coding before chunked', [...chunked, 'transfer-encoding: gzip, chunked']],
    ['a compressed body', [...usual, 'content-encoding: gzip']],
    ['a form', ['content-type: application/x-www-form-urlencoded', ...usual.slice(1)]],
    [
      'plain text, which a page may send without a preflight',
      ['content-type: text/plain', ...usual.slice(1)],
    ],
    ['an upload', ['content-type: multipart/form-data; boundary=x', ...usual.slice(1)]],
    ['two types', [...usual, 'content-type: application/json']],
    ['no type', usual.slice(1)],
  ])('with %s is refused', async (_title, lines) => {
    const text = lines.some((line) => line.includes('chunked')) ? `12\r\n${body}\r\n0\r\n\r\n` : body;
    expect(await send('/catalog', lines, text)).toBeGreaterThanOrEqual(400);
    expect(signer.received).toEqual([]);
  });

  it('of more than 1 MB is refused, by its length or in chunks, and a smaller one is signed', async () => {
    const query = (bytes: number) => `{"query":"{ it }","variables":{"a":"${'x'.repeat(bytes)}"}}`;
    expect((await signer.post('/catalog', { body: query(1_000_000) })).status).toBe(200);
    expect((await signer.post('/catalog', { body: query(1_048_577) })).status).toBe(413);
    const endless = request({
      port: signer.port,
      path: '/catalog',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'signet-signer': secret },
    });
    endless.on('error', () => {});
    endless.write(query(1_100_000));
    const [answer] = await once(endless, 'response');
    endless.destroy();
    expect(answer.statusCode).toBe(413);
    expect(signer.received).toHaveLength(1);
  });

  it('none is refused', async () => {
    expect(await send('/catalog', [...chunked, 'content-length: 0'], '')).toBe(400);
    expect(signer.received).toEqual([]);
  });
});

describe('a router that asks too much', () => {
  it('gets a 503 beyond MAX_FETCHES at once, whether their bodies are here or not, and places come back', async () => {
    signer.answer = { ...signer.answer, delayMs: 400 };
    const slow = Array.from({ length: 4 }, () => {
      const socket = connect(signer.port, '127.0.0.1').on('error', () => {});
      socket.write(`POST /catalog HTTP/1.1\r\nhost: localhost\r\n${usual.join('\r\n')}\r\n\r\n{`);
      return socket;
    });
    try {
      await sleep(100);
      const answers = await Promise.all(Array.from({ length: 8 }, () => signer.post('/catalog')));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 503, 503, 503, 503]);
    } finally {
      for (const socket of slow) socket.destroy();
    }
    signer.answer = { ...signer.answer, delayMs: 0 };
    await vi.waitFor(
      async () => {
        const again = await Promise.all(Array.from({ length: 8 }, () => signer.post('/catalog')));
        expect(again.map(({ status }) => status)).toEqual(Array(8).fill(200));
      },
      { timeout: 30_000, interval: 50 },
    );
  });

  it('gets no further places by hanging up: the subgraph still works for what was sent', async () => {
    signer.answer = { ...signer.answer, delayMs: 1500 };
    const leaving = new AbortController();
    const left = Array.from({ length: 8 }, () =>
      fetch(`${signer.url}/catalog`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'signet-signer': secret },
        body,
        signal: leaving.signal,
      }).catch(() => undefined),
    );
    await vi.waitFor(() => expect(signer.received).toHaveLength(8), { timeout: 30_000, interval: 10 });
    leaving.abort();
    await Promise.all(left);
    await sleep(50);
    expect((await signer.post('/orders')).status).toBe(503);
    signer.answer = { ...signer.answer, delayMs: 0 };
    await vi.waitFor(async () => expect((await signer.post('/orders')).status).toBe(200), {
      timeout: 30_000,
      interval: 50,
    });
  });
});
