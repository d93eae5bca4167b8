import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { readHttp, runLoad } from './load.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function startServer(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const order = {
  path: '/graphql',
  requests: [
    { headers: { authorization: 'Bearer a' }, body: '{"query":"{ a }"}', answer: 0 },
    { headers: { authorization: 'Bearer b' }, body: '{"query":"{ é }"}', answer: 1 },
  ],
  answers: ['{"data":"Bearer a"}', '{"data":"Bearer b"}'],
  connections: 2,
  seconds: 0.3,
};

describe('the load', () => {
  test('sends the requests in turn and finds each answer right, with a length or in chunks', async () => {
    const bodies = new Set<string>();
    const port = await startServer(async (req, res) => {
      bodies.add(await text(req));
      const answer = JSON.stringify({ data: req.headers.authorization });
      if (bodies.size % 2) res.setHeader('content-length', answer.length);
      else res.write(answer.slice(0, 3));
      res.end(bodies.size % 2 ? answer : answer.slice(3));
    });
    const { answered, wrong, p50Ms, p99Ms } = await runLoad({ ...order, port });
    expect(answered).toBeGreaterThan(2);
    expect(wrong).toBe(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
    expect([...bodies].sort()).toEqual(order.requests.map(({ body }) => body).sort());
  });

  test('counts an answer that is not the expected one, and one with another status', async () => {
    const port = await startServer((req, res) => {
      const isFirst = req.headers.authorization === 'Bearer a';
      res.writeHead(isFirst ? 200 : 500).end(isFirst ? '{"data":null}' : '{"data":"Bearer b"}');
    });
    const { answered, wrong, example } = await runLoad({ ...order, port });
    expect(wrong).toBe(answered);
    expect(example).toMatch(/^(200 \{"data":null\}|500 \{"data":"Bearer b"\})$/);
  });
});

test.each([
  ['', undefined],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{', undefined],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}', '{}'],
  ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n', undefined],
  ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n', '{}'],
])('of %j it reads %j', (bytes, body) => {
  expect(readHttp(Buffer.from(bytes))?.body.toString()).toBe(body);
});
