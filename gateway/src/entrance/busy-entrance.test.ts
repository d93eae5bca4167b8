import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { postGraphql } from '@signet/testing';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startTestGateway, type TestGateway } from './entrance.test-support.ts';

let gateway: TestGateway;
let release: () => void;

beforeAll(async () => {
  gateway = await startTestGateway({ MAX_IN_FLIGHT: '8' });
});
afterAll(() => gateway.stop());
afterEach(async () => {
  release();
  gateway.takeCalls();
});

const signIn = 'mutation { login(input: { email: "a@example.com", password: "b" }) { accessToken } }';
const me = '{ me { id } }';
const ask = (query: string, token?: string) =>
  postGraphql(`${gateway.urls.user}/graphql`, { query }, token ? { token } : {});

/** A client that hangs up as soon as its request has been sent. */
async function askAndLeave(query: string, headers = ''): Promise<void> {
  const socket: Socket = connect(Number(new URL(gateway.urls.user).port), '127.0.0.1');
  const body = JSON.stringify({ query });
  socket.on('error', () => {});
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 150));
  socket.destroy();
  await once(socket, 'close');
}

const countCalls = () => {
  const calls: string[] = [];
  return async (expected: number) => {
    await vi.waitFor(() => {
      calls.push(...gateway.takeCalls());
      expect(calls).toHaveLength(expected);
    }, 10_000);
    return calls;
  };
};

test('sign-ins whose clients hang up are no more than the places of one client', async () => {
  // Planned, so that nothing but auth is waited for.
  await ask(signIn);
  gateway.takeCalls();
  release = gateway.holdAnswers();
  await Promise.all(Array.from({ length: 40 }, () => askAndLeave(signIn)));
  await countCalls()(4);
  expect((await ask(signIn)).status).toBe(503);
  expect(gateway.takeCalls()).toEqual([]);
  release();
  await vi.waitFor(async () => expect((await ask(signIn)).status).toBe(200), 30_000);
});

test('so are queries: their places are free when the subgraph has answered, not before', async () => {
  const headers = `authorization: Bearer ${gateway.tokens.customer}\r\n`;
  await ask(me, gateway.tokens.customer);
  gateway.takeCalls();
  release = gateway.holdAnswers();
  await Promise.all(Array.from({ length: 40 }, () => askAndLeave(me, headers)));
  await countCalls()(4);
  expect((await ask(me, gateway.tokens.customer)).status).toBe(503);
  release();
  await vi.waitFor(async () => expect((await ask(me, gateway.tokens.customer)).status).toBe(200), 30_000);
});

test('readiness tells strangers ready or not, and nothing else', async () => {
  release = () => {};
  for (const url of Object.values(gateway.urls)) {
    const answer = await fetch(`${url}/health/ready`);
    // Not all subgraphs run here.
    expect([answer.status, await answer.text()]).toEqual([200, '{"status":"degraded"}']);
  }
});
