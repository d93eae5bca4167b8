import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import type { Platform } from '@signet/schema/contract';
import { createLogger, formatSignetContext, RefusalError } from '@signet/service';
import { GraphQLError } from 'graphql';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { SessionCookies } from '../admission/session-cookie-gate.ts';
import type { FetchMessage } from '../subgraphs/entrance-proof.ts';
import { AnswerBudget } from '../subgraphs/held-answers.ts';
import { createFetchSender, type SubgraphTarget } from './fetch-sender.ts';
import { SubgraphDataSource } from './subgraph-data-source.ts';

const logger = createLogger('test', 'silent');
const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const answers = new AnswerBudget(128 * 2 ** 20);

async function createSource(
  listener: RequestListener,
  {
    isHealthy = () => true,
    platformOf = () => 'user',
    ...target
  }: Partial<SubgraphTarget> & { isHealthy?(): boolean; platformOf?(): Platform } = {},
) {
  const server: Server = createServer((req, res) => {
    // The health check of a suspected subgraph.
    if (req.url?.startsWith('/health/')) return void res.writeHead(isHealthy() ? 200 : 503).end('{}');
    res.setHeader('content-type', 'application/json');
    listener(req, res);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  const name = target.name ?? 'catalog';
  const targets = [{ name, urls: { user: url, portal: url }, ...target }];
  const sender = createFetchSender({ targets, answers, reports: { add() {} }, logger, entrance: 'graph' });
  const source = new SubgraphDataSource({ name, sender, platformOf, logger });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  stops.push(close, () => sender.stop());
  return { source, server, url, close };
}

type Sent = {
  authorization?: string;
  signetContext?: string;
  cookies?: SessionCookies;
  query?: string;
  place?: (string | number)[];
  timeoutMs?: number;
  clientGone?: AbortSignal;
};

function process(
  source: SubgraphDataSource,
  {
    query = '{ a }',
    place = [],
    timeoutMs = 5000,
    clientGone = new AbortController().signal,
    ...rest
  }: Sent = {},
) {
  return source.process({
    kind: 'incoming operation',
    request: { query, variables: { id: 1 } },
    context: {
      signetContext: 'id="r"',
      session: { platform: 'none' },
      deadline: performance.now() + timeoutMs,
      clientGone,
      ...rest,
    },
    incomingRequestContext: {},
    pathInIncomingRequest: place,
  } as unknown as GraphQLDataSourceProcessOptions);
}

const answer =
  (body: string, status = 200): RequestListener =>
  (_, res) =>
    res.writeHead(status, { 'content-type': 'application/json' }).end(body);

/** What a client learns of `{ a }` when its subgraph can't be used. */
const outage = {
  data: null,
  errors: [
    {
      message: new RefusalError('service.unavailable').message,
      path: ['a'],
      extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' },
    },
  ],
};

test('sends the operation with the token and the context, and nothing else of the client', async () => {
  const requests: { headers: IncomingMessage['headers']; body: string }[] = [];
  const { source } = await createSource(async (req, res) => {
    requests.push({ headers: req.headers, body: await text(req) });
    res.end('{"data":{"a":1}}');
  });
  expect(await process(source, { authorization: 'Bearer abc' })).toEqual({ data: { a: 1 } });
  await process(source);
  const [first, second] = requests;
  expect(JSON.parse(first?.body ?? '')).toEqual({ query: '{ a }', variables: { id: 1 } });
  expect(first?.headers).toMatchObject({
    authorization: 'Bearer abc',
    'signet-context': expect.stringMatching(/^id="r", timeout=4[89]\d\d$/),
  });
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
    const { source } = await createSource(smuggler(headers), {
      takesCookies: true,
      platformOf: () => 'portal',
    });
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
    const { source } = await createSource(smuggler(headers), { takesCookies: true });
    await process(source);
    expect(headers[0]).not.toHaveProperty('cookie');
  });

  test('stay out of the log when the fetch fails', async () => {
    const warn = vi.spyOn(logger, 'warn');
    const { source } = await createSource(answer('nothing'), { takesCookies: true });
    expect(await process(source, { cookies })).toEqual(outage);
    expect(JSON.stringify(warn.mock.lastCall)).not.toContain('user=1');
    expect(relayed).toEqual([]);
  });
});

test('hands on a GraphQL answer with partial data as it is', async () => {
  const body = '{"data":{"a":null},"errors":[{"message":"No.","path":["a"]}]}';
  const { source } = await createSource(answer(body));
  expect(await process(source)).toEqual(JSON.parse(body));
});

describe('the refusal of a whole fetch', () => {
  const extensions = { code: 'UNAUTHENTICATED', reason: 'auth.failure.revoked' };
  const refusal = JSON.stringify({ errors: [{ message: 'No.', extensions }] });

  test('is handed on as one of each root field', async () => {
    const { source } = await createSource(answer(refusal, 401));
    expect(await process(source, { query: '{ a b { c } }' })).toEqual({
      data: null,
      errors: [
        { message: 'No.', extensions, path: ['a'] },
        { message: 'No.', extensions, path: ['b'] },
      ],
    });
  });

  test('is handed on as one of the list that its entities are in', async () => {
    const { source } = await createSource(answer(refusal, 401));
    const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }';
    await expect(process(source, { query, place: ['orders', '@', 'product'] })).rejects.toMatchObject({
      message: 'No.',
      path: ['orders'],
      extensions: { ...extensions, serviceName: 'catalog' },
    });
  });
});

test.each<[string, RequestListener]>([
  ['HTML with status 502', answer('<html>secret</html>', 502)],
  ['HTML with status 200', answer('<html>secret</html>')],
  [
    'a GraphQL answer that says it is HTML',
    (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('{"data":{"a":"secret"}}'),
  ],
  [
    'a GraphQL answer that says nothing of its type',
    (_, res) => {
      res.removeHeader('content-type');
      res.end('{"data":{"a":"secret"}}');
    },
  ],
  ['more than 10 MB', answer(`{"data":{"a":"${'x'.repeat(10 * 1024 * 1024)}"}}`)],
  ['nothing', answer('')],
  ['bytes that are not UTF-8', (_, res) => res.end(Buffer.from('{"data":{"a":"caf\xe9"}}', 'latin1'))],
  ['null', answer('null')],
  ['a list', answer('[]')],
  ['text', answer('"secret"')],
  ['another object', answer('{"secret":1}')],
  ['data that is no object', answer('{"data":"secret"}')],
  ['data that is a list', answer('{"data":["secret"]}')],
  ['no data and no errors', answer('{"data":null}')],
  ['errors that are no list', answer('{"errors":"secret"}')],
  ['errors that are no objects', answer('{"errors":["secret"]}')],
  ['a redirect', (_, res) => res.writeHead(302, { location: 'http://secret.example' }).end()],
  ['a cut connection', (_, res) => res.socket?.destroy()],
  [
    'half an answer',
    (_, res) =>
      void res
        .writeHead(200, { 'content-type': 'application/json', 'content-length': '99' })
        .write('{"data":', () => res.socket?.destroy()),
  ],
])('is unavailable, and says nothing of the cause, on %s', async (_, listener) => {
  const warn = vi.spyOn(logger, 'warn');
  const { source } = await createSource(listener);
  expect(await process(source)).toEqual(outage);
  expect(warn).toHaveBeenLastCalledWith(expect.objectContaining({ subgraph: 'catalog' }), 'a fetch failed');
});

test('is unavailable where nobody listens', async () => {
  const { source, close } = await createSource(answer('{}'));
  close();
  expect(await process(source)).toEqual(outage);
});

test("is unavailable when the request's time is up: where the answer is slow, or comes in drops", async () => {
  const silent = await createSource(() => {});
  const dripping = await createSource((_, res) => {
    const timer = setInterval(() => res.write(' '), 20);
    res.on('close', () => clearInterval(timer));
  });
  for (const { source } of [silent, dripping]) {
    expect(await process(source, { timeoutMs: 200 })).toEqual(outage);
  }
});

test('signs and sends nothing when no time is left', async () => {
  const sign = vi.fn(() => ({}));
  const { source } = await createSource(answer('{"data":{"a":1}}'), { sign });
  expect(await process(source, { timeoutMs: 0 })).toEqual(outage);
  expect(sign).not.toHaveBeenCalled();
});

test('an outage of auth has the reason of auth, any other that of services', async () => {
  const { source } = await createSource(answer('nothing'), { name: 'auth' });
  const { errors } = await process(source);
  expect(errors?.map(({ extensions }) => extensions?.reason)).toEqual(['auth.unavailable']);
});

describe('where data is missing', () => {
  test('each root field that the fetch would have answered has an error', async () => {
    const { source } = await createSource(answer('nothing'));
    const query = `query ($id: Int, $no: Boolean = false) { x: a b { c } ...f @skip(if: true) ... { d } ... on Query @include(if: $no) { e } __typename }
      fragment f on Query { g }`;
    const { errors } = await process(source, { query });
    expect(errors?.map(({ path }) => path)).toEqual([['x'], ['b'], ['d']]);
  });

  test('entities have an error with the path of their list', async () => {
    const { source } = await createSource(answer('nothing'));
    const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }';
    const error = await process(source, { query, place: ['orders', 'edges', '@', 'node'] }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(GraphQLError);
    expect(error).toMatchObject({
      path: ['orders', 'edges'],
      extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' },
    });
  });
});

describe('a connection that fails before any answer', () => {
  const failing = (failures: number) => {
    const signatures: unknown[] = [];
    const listener: RequestListener = (req, res) => {
      signatures.push(req.headers.signature);
      if (signatures.length <= failures) res.socket?.destroy();
      else res.end('{"data":{"a":1}}');
    };
    let count = 0;
    const sign = () => ({ signature: String(++count) });
    return { listener, signatures, sign };
  };

  test('costs a query a second attempt, signed anew', async () => {
    const { listener, signatures, sign } = failing(1);
    const { source } = await createSource(listener, { sign });
    expect(await process(source)).toEqual({ data: { a: 1 } });
    expect(signatures).toEqual(['1', '2']);
  });

  test('is not tried a third time', async () => {
    const { listener, signatures, sign } = failing(2);
    const { source } = await createSource(listener, { sign });
    expect(await process(source)).toEqual(outage);
    expect(signatures).toEqual(['1', '2']);
  });

  test.each(['mutation { a }', 'mutation query { a }', 'fragment query on Query { b } mutation { a }'])(
    'ends %s: nobody knows what of it was done',
    async (query) => {
      const { listener, signatures, sign } = failing(1);
      const { source } = await createSource(listener, { sign });
      expect(await process(source, { query })).toEqual(outage);
      expect(signatures).toEqual(['1']);
    },
  );

  test('is no reason to ask again once an answer has begun', async () => {
    const listener = vi.fn<RequestListener>((_, res) => res.write('{"data":', () => res.socket?.destroy()));
    const { source } = await createSource(listener);
    expect(await process(source)).toEqual(outage);
    expect(listener).toHaveBeenCalledTimes(1);
  });
});

describe('a client that has gone', () => {
  const slow = () => {
    const events: string[] = [];
    const listener: RequestListener = (_, res) => {
      events.push('asked');
      res.on('close', () => events.push(res.writableFinished ? 'answered' : 'abandoned'));
      setTimeout(() => res.end('{"data":{"a":1}}'), 300);
    };
    return { events, listener };
  };
  const leaveWhenAsked = async (events: string[], client: AbortController) => {
    await vi.waitFor(() => expect(events).toContain('asked'), 30_000);
    client.abort();
  };

  test('is no end of the fetch of a query: the subgraph goes on with it', async () => {
    const { events, listener } = slow();
    const warn = vi.spyOn(logger, 'warn').mockClear();
    const { source } = await createSource(listener);
    const client = new AbortController();
    const answered = process(source, { clientGone: client.signal });
    await leaveWhenAsked(events, client);
    expect(await answered).toEqual({ data: { a: 1 } });
    expect(events).toEqual(['asked', 'answered']);
    expect(warn).not.toHaveBeenCalled();
  });

  test('does not end a mutation', async () => {
    const { events, listener } = slow();
    const { source } = await createSource(listener);
    const client = new AbortController();
    const answered = process(source, { query: 'mutation { a }', clientGone: client.signal });
    await leaveWhenAsked(events, client);
    expect(await answered).toEqual({ data: { a: 1 } });
    await vi.waitFor(() => expect(events).toEqual(['asked', 'answered']), 30_000);
  });

  test('has no further query sent', async () => {
    const { events, listener } = slow();
    const { source } = await createSource(listener);
    await process(source, { clientGone: AbortSignal.abort() });
    expect(events).toEqual([]);
  });
});

describe('a fetch that waits for a connection', () => {
  /** A subgraph that never answers, of whose connections the caller has as many as it may. */
  const fillShare = async (isHealthy: () => boolean) => {
    const asked: string[] = [];
    const { source, close } = await createSource(
      async (req, res) => {
        const { query } = JSON.parse(await text(req)) as { query: string };
        asked.push(query);
        if (query === '{ broken }') res.writeHead(500).end('<html>');
      },
      { isHealthy },
    );
    // What is not dropped would wait until then.
    const long = { timeoutMs: 60_000 };
    const held = Array.from({ length: 32 }, () => process(source, { ...long, query: '{ slow }' }));
    await vi.waitFor(() => expect(asked).toHaveLength(32), 30_000);
    return { source, close, asked, held, long };
  };
  const other = {
    signetContext: formatSignetContext({ requestId: 'r', clientAddress: '192.0.2.9', hasToken: false }),
    clientAddress: '192.0.2.9',
  };

  test('is dropped when the subgraph is found dead, and later ones do not begin to wait', async () => {
    let isAlive = true;
    const { source, close, asked, held, long } = await fillShare(() => isAlive);
    const waiting = Array.from({ length: 10 }, () => process(source, long));
    isAlive = false;
    const begun = performance.now();
    expect(await process(source, { ...long, ...other, query: '{ broken }' })).toHaveProperty('errors');
    for (const result of await Promise.all(waiting)) expect(result).toEqual(outage);
    expect(await process(source, long)).toEqual(outage);
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(asked).toHaveLength(33);
    close();
    await Promise.all(held);
  });

  test('is dropped when its client leaves, if it is a query', async () => {
    const { source, close, asked, held, long } = await fillShare(() => true);
    const client = new AbortController();
    const waiting = process(source, { ...long, clientGone: client.signal });
    const mutation = process(source, { ...long, query: 'mutation { a }', clientGone: client.signal });
    const begun = performance.now();
    client.abort();
    expect(await waiting).toEqual(outage);
    expect(performance.now() - begun).toBeLessThan(20_000);
    close();
    await Promise.all(held);
    await mutation;
    expect(asked.slice(32)).not.toContain('{ a }');
  });
});

test('a caller that asks for what is slow leaves connections for others', async () => {
  let slow = 0;
  const { source, close } = await createSource(async (req, res) => {
    const { query } = JSON.parse(await text(req)) as { query: string };
    if (query === '{ slow }') slow += 1;
    else res.end('{"data":{"a":1}}');
  });
  const clientOf = (clientAddress: string) => ({
    signetContext: formatSignetContext({ requestId: 'r', clientAddress, hasToken: false }),
    clientAddress,
  });
  const asked = Array.from({ length: 100 }, () =>
    process(source, { query: '{ slow }', timeoutMs: 60_000, ...clientOf('192.0.2.1') }),
  );
  await vi.waitFor(() => expect(slow).toBe(32), 30_000);
  expect(await process(source, clientOf('192.0.2.2'))).toEqual({ data: { a: 1 } });
  close();
  await Promise.all(asked);
});

describe('a subgraph that does not answer its health check', () => {
  test('is not asked again until it does, and then at once', async () => {
    const { source, server, close, url } = await createSource(answer('{"data":{"a":1}}'));
    expect(await process(source)).toEqual({ data: { a: 1 } });
    close();
    const error = vi.spyOn(logger, 'error').mockClear();
    expect(await process(source)).toEqual(outage);
    await vi.waitFor(() => expect(error).toHaveBeenCalledTimes(1), 30_000);
    const warn = vi.spyOn(logger, 'warn').mockClear();
    for (let count = 0; count < 20; count += 1) expect(await process(source)).toEqual(outage);
    expect(warn).not.toHaveBeenCalled();
    server.listen(Number(new URL(url).port), '127.0.0.1');
    await vi.waitFor(async () => expect(await process(source)).toEqual({ data: { a: 1 } }), 30_000);
  });

  test('is refused to nobody because one caller asks for what is slow, or for what breaks it', async () => {
    const { source } = await createSource(async (req, res) => {
      const { query } = JSON.parse(await text(req)) as { query: string };
      if (query === '{ a }') res.end('{"data":{"a":1}}');
      else if (query === '{ broken }') res.writeHead(500).end('<html>');
    });
    const error = vi.spyOn(logger, 'error').mockClear();
    const crafted = Array.from({ length: 20 }, (_, index) =>
      process(source, { query: index % 2 ? '{ slow }' : '{ broken }', timeoutMs: 300 }),
    );
    await Promise.all(crafted);
    for (let count = 0; count < 5; count += 1) expect(await process(source)).toEqual({ data: { a: 1 } });
    expect(error).not.toHaveBeenCalled();
  });
});

test('asks no subgraph for its schema', async () => {
  const { source } = await createSource(answer('{"data":{}}'));
  const options = { kind: 'loading schema', request: {}, context: {} };
  await expect(source.process(options as unknown as GraphQLDataSourceProcessOptions)).rejects.toThrow(
    'composes nothing at run time',
  );
});
