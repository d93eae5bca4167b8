import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Connections, openConnections } from './connections.ts';
import { createExchanges, NoAnswerError, type RawAnswer } from './exchange.ts';

let server: Server;
let connections: Connections;
/** The ports that clients have sent from. */
const sentFrom = new Set<number | undefined>();

async function open(most: number, listener: RequestListener, port = 0): Promise<number> {
  sentFrom.clear();
  server = createServer((request, response) => {
    sentFrom.add(request.socket.remotePort);
    listener(request, response);
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const { port: listening } = server.address() as AddressInfo;
  connections = openConnections(`http://127.0.0.1:${listening}`, { most, headersTimeout: 0, bodyTimeout: 0 });
  return listening;
}

async function shut(): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

afterEach(async () => {
  await connections.close();
  await shut();
});

function ask(path = '/', timeoutMs = 30_000): Promise<RawAnswer> {
  const exchange = createExchanges(() => {}).begin(timeoutMs);
  connections.send({ method: 'POST', path, headers: [], body: path }, exchange);
  return exchange.answer;
}

const echo: RequestListener = (request, response) => {
  request.pipe(response);
};

test('what is sent one after another takes one connection', async () => {
  await open(8, echo);
  for (let count = 0; count < 20; count += 1) await ask();
  expect(sentFrom.size).toBe(1);
});

test('what finds no connection free waits for one, and each gets its own answer', async () => {
  let underWay = 0;
  let most = 0;
  await open(3, (request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    setTimeout(() => {
      underWay -= 1;
      echo(request, response);
    }, 5);
  });
  const paths = Array.from({ length: 40 }, (_, index) => `/${index}`);
  const answers = await Promise.all(paths.map((path) => ask(path)));
  expect(answers.map(({ body }) => body.toString())).toEqual(paths);
  expect([most, sentFrom.size]).toEqual([3, 3]);
});

test('a connection that failed is there for the next exchange', async () => {
  let failures = 0;
  const failing: RequestListener = (request, response) => {
    if (failures > 0) {
      failures -= 1;
      request.socket.destroy();
    } else echo(request, response);
  };
  const port = await open(1, failing);
  failures = 3;
  for (let count = 0; count < 3; count += 1) await expect(ask()).rejects.toThrow(NoAnswerError);
  expect((await ask('/back')).body.toString()).toBe('/back');
  await shut();
  await expect(ask()).rejects.toThrow(NoAnswerError);
  const before = connections;
  await open(1, failing, port);
  await connections.close();
  connections = before;
  expect((await ask('/again')).body.toString()).toBe('/again');
});

test('an exchange whose time is up gives its connection to the next, also one that waited', async () => {
  await open(1, (request, response) => {
    if (request.url !== '/never') echo(request, response);
  });
  const never = ask('/never', 60);
  const waited = ask('/waits', 30);
  const next = ask('/next');
  await expect(waited).rejects.toThrow('no answer within 30 ms');
  await expect(never).rejects.toThrow('no answer within 60 ms');
  expect((await next).body.toString()).toBe('/next');
});

test('a message that can not be sent keeps no connection', async () => {
  await open(1, echo);
  const exchange = createExchanges(() => {}).begin(30_000);
  connections.send({ method: 'POST', path: '/', headers: ['x-bad', 'a\nb'], body: '' }, exchange);
  await expect(exchange.answer).rejects.toThrow('invalid');
  expect((await ask('/next')).body.toString()).toBe('/next');
});
