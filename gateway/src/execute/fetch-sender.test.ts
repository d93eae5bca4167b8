import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createLogger } from '@signet/service';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { GatewayContext } from '../entrance/request-context.ts';
import { AnswerBudget } from '../subgraphs/held-answers.ts';
import { createFetchSender, OutageError, type SubgraphTarget } from './fetch-sender.ts';

const logger = createLogger('test', 'silent');
const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

type Received = { process: string; url: string | undefined; cookie: string | undefined; body: string };

/** A process of a subgraph that answers `body`, and tells what it got in `received`. */
async function startProcess(process: string, body: string, received: Received[], onProbe = () => {}) {
  const server = createServer(async (req, res) => {
    if (req.url?.startsWith('/health/')) {
      onProbe();
      return void res.end('{}');
    }
    received.push({ process, url: req.url, cookie: req.headers.cookie, body: await text(req) });
    res.writeHead(200, { 'content-type': 'application/json', 'set-cookie': `${process}=1` }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql?from=gateway`;
}

function createSender(
  target: SubgraphTarget,
  reports = { add: vi.fn() },
  answers = new AnswerBudget(128 * 2 ** 20),
) {
  const sender = createFetchSender({ targets: [target], answers, reports, logger, entrance: 'graph' });
  stops.push(() => sender.stop());
  return sender;
}

function contextOf(changes: Partial<GatewayContext> = {}): GatewayContext {
  return {
    requestId: 'test',
    telemetry: undefined,
    signetContext: 'id="r"',
    clientAddress: '192.0.2.1',
    session: { platform: 'none' },
    authorization: undefined,
    cookies: undefined,
    deadline: performance.now() + 5000,
    clientGone: new AbortController().signal,
    ...changes,
  };
}

const body = '{"query":"{ a }"}';
const fetchFrom = (subgraph: string, group?: string) => ({ subgraph, kind: 'query', body, group }) as const;

describe('a subgraph with a process for each platform', () => {
  test('gets each fetch in the process of its group, with the cookies of that platform', async () => {
    const received: Received[] = [];
    const urls = {
      user: await startProcess('user', '{"data":{"a":1}}', received),
      portal: await startProcess('portal', '{"data":{"a":2}}', received),
    };
    const sender = createSender({ name: 'auth', urls, takesCookies: true });
    const relayed: unknown[] = [];
    const context = contextOf({
      cookies: {
        of: (platform) => ({
          headers: { cookie: `${platform}-session=s` },
          relay: (lines) => relayed.push([platform, lines]),
        }),
      },
    });
    expect(await sender.send(fetchFrom('auth', 'portal'), context)).toEqual({ data: { a: 2 } });
    expect(await sender.send(fetchFrom('auth', 'user'), context)).toEqual({ data: { a: 1 } });
    expect(await sender.send(fetchFrom('auth'), context)).toEqual({ data: { a: 1 } });
    const url = '/graphql?from=gateway';
    expect(received).toEqual([
      { process: 'portal', url, cookie: 'portal-session=s', body },
      { process: 'user', url, cookie: 'user-session=s', body },
      { process: 'user', url, cookie: 'user-session=s', body },
    ]);
    expect(relayed).toEqual([
      ['portal', 'portal=1'],
      ['user', 'user=1'],
      ['user', 'user=1'],
    ]);
  });

  test('is signed for the process that is asked', async () => {
    const urls = {
      user: await startProcess('user', '{"data":{}}', []),
      portal: await startProcess('portal', '{"data":{}}', []),
    };
    const signed: string[] = [];
    const sender = createSender({
      name: 'auth',
      urls,
      sign: (_, url) => {
        signed.push(url);
        return {};
      },
    });
    await sender.send(fetchFrom('auth', 'portal'), contextOf());
    await sender.send(fetchFrom('auth', 'user'), contextOf());
    expect(signed).toEqual([urls.portal, urls.user]);
  });
});

test('reports what a subgraph without an audit log refuses, and hands the errors on', async () => {
  const reports = { add: vi.fn() };
  const errors = [{ message: 'No.', extensions: { reason: 'authz.scope.deny' } }];
  const url = await startProcess('orders', JSON.stringify({ data: null, errors }), []);
  const sender = createSender({ name: 'orders', urls: { user: url, portal: url } }, reports);
  const context = contextOf();
  expect(await sender.send(fetchFrom('orders'), context)).toEqual({ data: null, errors });
  const { session, signetContext } = context;
  expect(reports.add.mock.calls).toEqual([
    [{ reason: 'authz.scope.deny', place: 'orders', session, signetContext }],
  ]);
});

test('throws an outage, and logs its cause, where no answer comes', async () => {
  const warn = vi.spyOn(logger, 'warn');
  const url = await startProcess('orders', '<html>', []);
  const sender = createSender({ name: 'orders', urls: { user: url, portal: url } });
  await expect(sender.send(fetchFrom('orders'), contextOf())).rejects.toThrow(OutageError);
  expect(warn).toHaveBeenLastCalledWith(
    {
      subgraph: 'orders',
      err: expect.objectContaining({ message: 'answered 200 without a GraphQL result' }),
    },
    'a fetch failed',
  );
});

test('an answer that does not fit beside others is an outage for its own caller, and the log names subgraph and setting', async () => {
  const warn = vi.spyOn(logger, 'warn').mockClear();
  const onProbe = vi.fn();
  const largeAnswer = JSON.stringify({ data: { a: 'x'.repeat(600_000) } });
  const large = await startProcess('catalog', largeAnswer, [], onProbe);
  const small = await startProcess('orders', '{"data":{"a":1}}', []);
  const answers = new AnswerBudget(2_000_000);
  const senders = [large, small].map((url, index) =>
    createSender(
      { name: index ? 'orders' : 'catalog', urls: { user: url, portal: url } },
      undefined,
      answers,
    ),
  );
  const askLarge = (context: GatewayContext) => senders[0]?.send(fetchFrom('catalog'), context);
  const askSmall = (context: GatewayContext) => senders[1]?.send(fetchFrom('orders'), context);
  const first = contextOf();
  expect(await askLarge(first)).toHaveProperty('data.a');
  const second = contextOf();
  await expect(askLarge(second)).rejects.toThrow(OutageError);
  expect(warn.mock.calls).toEqual([
    [
      {
        subgraph: 'catalog',
        err: expect.objectContaining({ message: expect.stringContaining('MAX_ANSWER_BYTES') }),
      },
      'a fetch failed',
    ],
  ]);
  expect(await askSmall(second)).toEqual({ data: { a: 1 } });
  expect(await askLarge(contextOf({ clientAddress: '192.0.2.2' }))).toHaveProperty('data.a');
  first.answers?.end();
  // A branch of an operation that goes on after its end would hold the room for good.
  const other = answers.heldBytes;
  await expect(askLarge(first)).rejects.toThrow(OutageError);
  expect(answers.heldBytes).toBe(other);
  expect(await askLarge(second)).toHaveProperty('data.a');
  // It says nothing about the subgraph, which nobody asks whether it is alive.
  expect(onProbe).not.toHaveBeenCalled();
});

test('asks a subgraph that is not configured for nothing', async () => {
  const url = await startProcess('orders', '{"data":{}}', []);
  const sender = createSender({ name: 'orders', urls: { user: url, portal: url } });
  expect(() => sender.send(fetchFrom('portal'), contextOf())).toThrow("No subgraph 'portal'");
});
