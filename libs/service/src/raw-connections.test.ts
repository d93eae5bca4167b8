import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { listen } from './run-process.ts';

test('a connection that never sent anything does not delay a server that stops', async () => {
  const timeoutsMs = { headers: 120_000, request: 120_000, check: 1000 };
  const server = createHttpServer({ logger: createLogger('test', 'silent'), timeoutsMs });
  const { hostname, port } = new URL(await listen(server, { host: '127.0.0.1', port: 0 }));
  const client = connect(Number(port), hostname);
  await once(client, 'connect');
  const ended = once(client.resume(), 'close');
  // Its headers would be due after 120 s, and this test fails before that.
  await server.close();
  await ended;
});

test('a request under way is answered', async () => {
  const server = createHttpServer({ logger: createLogger('test', 'silent') });
  server.get('/slow', async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { done: true };
  });
  const url = await listen(server, { host: '127.0.0.1', port: 0 });
  const answer = fetch(`${url}/slow`);
  await once(server.server, 'request');
  await server.close();
  expect(await (await answer).json()).toEqual({ done: true });
});
