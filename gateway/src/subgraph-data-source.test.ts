import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import { createLogger, RefusalError } from '@signet/service';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { SessionCookies } from './session-cookies.ts';
import {
  type FetchMessage,
  SubgraphDataSource,
  type SubgraphDataSourceOptions,
} from './subgraph-data-source.ts';

const logger = createLogger('test', 'silent');
const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function createSource(
  listener: RequestListener,
  answerTimeoutMs = 5000,
  options: Partial<SubgraphDataSourceOptions> = {},
) {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  const source = new SubgraphDataSource({
    name: 'catalog',
    logger,
    urlOf: () => url,
    answerTimeoutMs,
    ...options,
  });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  stops.push(close, () => source.stop());
  return { source, close };
}

function process(
  source: SubgraphDataSource,
  { authorization, cookies }: { authorization?: string; cookies?: SessionCookies } = {
    authorization: 'Bearer abc',
  },
) {
  return source.process({
    kind: 'incoming operation',
    request: { query: '{ a }', variables: { id: 1 } },
    context: { authorization, cookies, signetContext: 'id="r"', session: { platform: 'none' } },
    incomingRequestContext: {},
  } as unknown as GraphQLDataSourceProcessOptions);
}

const answer =
  (body: string, status = 200): RequestListener =>
  (_, res) =>
    res.writeHead(status, { 'content-type': 'application/json' }).end(body);

test('sends the operation with the token and the context, and nothing else of the client', async () => {
  const requests: { headers: IncomingMessage['headers']; body: string }[] = [];
  const { source } = await createSource(async (req, res) => {
    requests.push({ headers: req.headers, body: await text(req) });
    res.end('{"data":{"a":1}}');
  });
  expect(await process(source)).toEqual({ data: { a: 1 } });
  await process(source, {});
  const [first, second] = requests;
  expect(JSON.parse(first?.body ?? '')).toEqual({ query: '{ a }', variables: { id: 1 } });
  expect(first?.headers).toMatchObject({ authorization: 'Bearer abc', 'signet-context': 'id="r"' });
  expect(Object.keys(first?.headers ?? {}).sort()).toEqual(
    [
      'accept',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'signet-context',
    ].sort(),
  );
  expect(second?.headers).not.toHaveProperty('authorization');
});

test('has each fetch signed as it is sent, with the headers of the signature beside', async () => {
  const sent: { headers: IncomingMessage['headers']; url: string | undefined; body: string }[] = [];
  const signed: [FetchMessage, string][] = [];
  const { source } = await createSource(
    async (req, res) => {
      sent.push({ headers: req.headers, url: req.url, body: await text(req) });
      res.end('{"data":{"a":1}}');
    },
    5000,
    {
      sign: (message, url) => {
        signed.push([message, url]);
        return { signature: `s=${signed.length}` };
      },
    },
  );
  await process(source);
  await process(source);
  expect(sent.map(({ headers }) => headers.signature)).toEqual(['s=1', 's=2']);
  const [message, url] = signed[0] ?? [];
  expect(sent[0]?.body).toBe(message?.body);
  expect(sent[0]?.headers).toMatchObject(message?.headers ?? { none: '' });
  expect(`${message?.path}${message?.query}`).toBe(sent[0]?.url);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/);
});

describe('session cookies', () => {
  const relayed: unknown[] = [];
  const cookies: SessionCookies = {
    of: (platform) => ({
      headers: { cookie: `${platform}=1` },
      relay: (lines) => relayed.push([platform, lines]),
    }),
  };
  const smuggler =
    (headers: IncomingMessage['headers'][]): RequestListener =>
    (req, res) => {
      headers.push(req.headers);
      res.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('{"data":{"a":1}}');
    };

  test("go to auth by the fetch's platform, and what auth sets goes to the client", async () => {
    const headers: IncomingMessage['headers'][] = [];
    const { source } = await createSource(smuggler(headers), 5000, { cookiePlatformOf: () => 'portal' });
    await process(source, { cookies });
    expect(headers[0]).toMatchObject({ cookie: 'portal=1' });
    expect(relayed.splice(0)).toEqual([['portal', ['a=1', 'b=2']]]);
  });

  test('go to no other subgraph, and what another one sets goes nowhere', async () => {
    const headers: IncomingMessage['headers'][] = [];
    const { source } = await createSource(smuggler(headers));
    await process(source, { cookies });
    expect(headers[0]).not.toHaveProperty('cookie');
    expect(relayed).toEqual([]);
  });

  test('do not go to auth where the client does not ask for them', async () => {
    const headers: IncomingMessage['headers'][] = [];
    const { source } = await createSource(smuggler(headers), 5000, { cookiePlatformOf: () => 'user' });
    await process(source, {});
    expect(headers[0]).not.toHaveProperty('cookie');
  });

  test('stay out of the log when the fetch fails', async () => {
    const warn = vi.spyOn(logger, 'warn');
    const { source } = await createSource(answer('nothing'), 5000, { cookiePlatformOf: () => 'user' });
    await expect(process(source, { cookies })).rejects.toMatchObject({ reason: 'auth.unavailable' });
    expect(JSON.stringify(warn.mock.lastCall)).not.toContain('user=1');
    expect(relayed).toEqual([]);
  });
});

test.each([
  ['401', 401, '{"errors":[{"message":"No.","extensions":{"code":"UNAUTHENTICATED"}}]}'],
  ['200 with partial data', 200, '{"data":{"a":null},"errors":[{"message":"No."}]}'],
])('hands on a GraphQL answer of status %s', async (_, status, body) => {
  const { source } = await createSource(answer(body, status));
  expect(await process(source)).toEqual(JSON.parse(body));
});

test.each<[string, RequestListener]>([
  ['HTML with status 502', answer('<html>secret</html>', 502)],
  ['HTML with status 200', answer('<html>secret</html>')],
  ['nothing', answer('')],
  ['null', answer('null')],
  ['a list', answer('[]')],
  ['text', answer('"secret"')],
  ['another object', answer('{"secret":1}')],
  ['data that is no object', answer('{"data":"secret"}')],
  ['no data and no errors', answer('{"data":null}')],
  ['errors that are no list', answer('{"errors":"secret"}')],
  ['errors that are no objects', answer('{"errors":["secret"]}')],
  ['a redirect', (_, res) => res.writeHead(302, { location: 'http://secret.example' }).end()],
  ['a cut connection', (_, res) => res.socket?.destroy()],
  [
    'half an answer',
    (_, res) =>
      void res.writeHead(200, { 'content-length': '99' }).write('{"data":', () => res.socket?.destroy()),
  ],
])('is unavailable, and says nothing of the cause, on %s', async (_, listener) => {
  const warn = vi.spyOn(logger, 'warn');
  const { source } = await createSource(listener);
  const error = await process(source).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RefusalError);
  const refusal = error as RefusalError;
  expect(refusal.reason).toBe('auth.unavailable');
  expect(JSON.stringify(refusal) + refusal.message).not.toMatch(/secret|127\.0\.0\.1|catalog/);
  expect(refusal.cause).toBeUndefined();
  expect(warn).toHaveBeenLastCalledWith(expect.objectContaining({ subgraph: 'catalog' }), 'a fetch failed');
});

test('is unavailable where nobody listens', async () => {
  const { source, close } = await createSource(answer('{}'));
  close();
  await expect(process(source)).rejects.toMatchObject({ reason: 'auth.unavailable' });
});

test('is unavailable where the answer is slow, or comes in drops', async () => {
  const silent = await createSource(() => {}, 200);
  const dripping = await createSource((_, res) => {
    const timer = setInterval(() => res.write(' '), 20);
    res.on('close', () => clearInterval(timer));
  }, 200);
  for (const { source } of [silent, dripping]) {
    await expect(process(source)).rejects.toMatchObject({ reason: 'auth.unavailable' });
  }
});

test('asks no subgraph for its schema', async () => {
  const { source } = await createSource(answer('{"data":{}}'));
  const options = { kind: 'loading schema', request: {}, context: {} };
  await expect(source.process(options as unknown as GraphQLDataSourceProcessOptions)).rejects.toThrow(
    'composes nothing at run time',
  );
});
