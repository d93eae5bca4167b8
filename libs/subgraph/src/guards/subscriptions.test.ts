import { buildSubgraphSchema } from '@apollo/subgraph';
import { createTestDatabase } from '@signet/testing/database';
import { parse } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { accessDirectives } from './access-directives.ts';
import { type GuardedService, startGuardedService } from './guarded-service.test-support.ts';

/** A source that waits for its next event as long as the test likes. */
function createSource() {
  const events: number[] = [];
  let wake = () => {};
  let isStopped = false;
  return {
    push(event: number) {
      events.push(event);
      wake();
    },
    isStopped: () => isStopped,
    [Symbol.asyncIterator]: () => ({
      async next() {
        while (events.length === 0 && !isStopped) await new Promise<void>((resolve) => (wake = resolve));
        return isStopped ? { done: true, value: undefined } : { done: false, value: events.shift() };
      },
      async return() {
        isStopped = true;
        wake();
        return { done: true, value: undefined };
      },
    }),
  };
}

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(env: Record<string, string> = {}) {
  const source = createSource();
  const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@composeDirective"])
    type Query { open: String @public }
    type Subscription { mine: Int @authenticated open: Int @public }`;
  const field = { subscribe: () => source, resolve: (event: number) => event };
  const build = () =>
    buildSubgraphSchema([
      { typeDefs: parse(accessDirectives + sdl), resolvers: { Subscription: { mine: field, open: field } } },
    ]);
  const service = await startGuardedService('yoga', { build, policies: {}, env });
  stops.push(() => service.stop());
  return { service, source };
}

/** Subscribes by server-sent events. @returns what comes, event by event; undefined after the last. */
async function subscribe({ url, keys }: GuardedService, query: string, token?: string) {
  const body = JSON.stringify({ query });
  const headers = keys.gateway('reviews').headersOf({ url, body, ...(token && { token }) });
  const leave = new AbortController();
  stops.push(() => leave.abort());
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, accept: 'text/event-stream' },
    body,
    signal: leave.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<unknown> => {
    for (;;) {
      const [, block, rest] = /^([\s\S]*?)\n\n([\s\S]*)$/.exec(text) ?? [];
      if (block !== undefined) {
        text = rest ?? '';
        if (/^event: complete$/m.test(block)) return undefined;
        const [, data] = /^data: (\{.*\})$/m.exec(block) ?? [];
        if (data) return JSON.parse(data);
        continue;
      }
      const part = await reader?.read();
      if (!part || part.done) return 'the connection was closed';
      text += part.value;
    }
  };
  return { next, leave: () => leave.abort() };
}

const endedBy = (reason: string) => ({
  data: { mine: null },
  errors: [
    expect.objectContaining({
      path: ['mine'],
      extensions: { code: 'UNAUTHENTICATED', reason: `auth.failure.${reason}` },
    }),
  ],
});
const passMinutes = (minutes: number) =>
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 });

describe('a subscription to graphql-yoga behind the guards', () => {
  it('ends when the token expires, also while no event comes', async () => {
    const { service, source } = await start();
    const events = await subscribe(service, 'subscription { mine }', await service.issuer.mintUserToken());
    source.push(1);
    expect(await events.next()).toEqual({ data: { mine: 1 } });
    passMinutes(60);
    expect(await events.next()).toEqual(endedBy('expired'));
    expect(await events.next()).toBeUndefined();
    expect(source.isStopped()).toBe(true);
  });

  it('gives no event that comes after the token has expired', async () => {
    const { service, source } = await start();
    const events = await subscribe(service, 'subscription { mine }', await service.issuer.mintUserToken());
    source.push(1);
    await events.next();
    passMinutes(60);
    for (const event of [2, 3, 4]) source.push(event);
    expect(await events.next()).toEqual(endedBy('expired'));
    expect(await events.next()).toBeUndefined();
  });

  it('ends when the session is revoked', async () => {
    const database = await createTestDatabase();
    stops.push(() => database.drop());
    const { service, source } = await start({ REVOCATIONS_DATABASE_URL: database.urlOf('signet_verifier') });
    const sid = crypto.randomUUID();
    const token = await service.issuer.mintUserToken({ claims: { sid } });
    const events = await subscribe(service, 'subscription { mine }', token);
    const revoke = (id: string) =>
      database.query(
        "insert into auth.revocation (kind, platform, subject, expires_at) values ('session', 'user', $1, now() + interval '1 hour')",
        [id],
      );
    await revoke(crypto.randomUUID());
    source.push(1);
    expect(await events.next()).toEqual({ data: { mine: 1 } });
    await revoke(sid);
    expect(await events.next()).toEqual(endedBy('revoked'));
    expect(await events.next()).toBeUndefined();
  });

  it('of a caller without a token goes on', async () => {
    const { service, source } = await start();
    const events = await subscribe(service, 'subscription { open }');
    passMinutes(60);
    source.push(1);
    source.push(2);
    expect([await events.next(), await events.next()]).toEqual([
      { data: { open: 1 } },
      { data: { open: 2 } },
    ]);
  });

  it('stops its source when the client leaves', async () => {
    const { service, source } = await start();
    const events = await subscribe(service, 'subscription { mine }', await service.issuer.mintUserToken());
    source.push(1);
    await events.next();
    events.leave();
    await vi.waitFor(() => expect(source.isStopped()).toBe(true), 20_000);
  });
});
