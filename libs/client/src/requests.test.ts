import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ada,
  answerLater,
  createFakeEntrance,
  me,
  payload,
  refusal,
  tokenOf,
  url,
} from './fake-entrance.test-support.ts';
import { createSignetClient, type SignetClient, type TypedDocument } from './index.ts';

const entrance = createFakeEntrance();
const { makeClient } = entrance;
const ok = () => Response.json({ data: { me: { email: 'ada@example.com' } } });

describe('an operation that asks for a recent sign-in', () => {
  const stepUp = () => refusal('authz.step_up.required');
  /** What proves who somebody is gives the next token. */
  const proves = (client: () => SignetClient) => async () =>
    (await client().reauthenticate({ password: 'x' })).ok;
  let tokens: string[];
  let asked: number;

  beforeEach(() => {
    tokens = [tokenOf('ada'), tokenOf('ada'), tokenOf('ada')];
    asked = 0;
    entrance.answers.signIn = () => payload(tokens[0] ?? '');
    entrance.answers.reauthenticate = () => payload(tokens[1] ?? '');
  });

  test('is sent again without another dialog where its refusal comes after the answer to the first dialog', async () => {
    const late = answerLater();
    const client: SignetClient = makeClient({
      onStepUp: async () => {
        asked += 1;
        return proves(() => client)();
      },
    });
    await client.signIn(ada);
    const isOld = (bearer: string | undefined) => bearer === tokens[0];
    entrance.answers.me = ({ bearer, init }) =>
      isOld(bearer) ? (String(init.body).includes('slow') ? late.asked() : stepUp()) : ok();
    const slow = client.request('query slow { me { email } }');
    expect((await client.request(me)).errors).toEqual([]);
    late.give(stepUp());
    expect((await slow).errors).toEqual([]);
    expect(asked).toBe(1);
  });

  test('waits for the dialog that is open, and gets its own refusal where the person says no', async () => {
    const answers: ((isDone: boolean) => void)[] = [];
    const client = makeClient({ onStepUp: () => new Promise((resolve) => answers.push(resolve)) });
    await client.signIn(ada);
    entrance.answers.me = ({ bearer }) => (bearer === tokens[0] ? stepUp() : ok());
    const first = client.request(me);
    await expect.poll(() => answers.length).toBe(1);
    const second = client.request(me);
    await expect.poll(() => entrance.count('me')).toBe(2);
    answers[0]?.(false);
    expect(await Promise.all([first, second])).toMatchObject([
      { errors: [{ kind: 'step-up' }] },
      { errors: [{ kind: 'step-up' }] },
    ]);
    // The next one asks again.
    const third = client.request(me);
    await expect.poll(() => answers.length).toBe(2);
    await client.reauthenticate({ password: 'x' });
    answers[1]?.(true);
    expect((await third).errors).toEqual([]);
  });

  test('asks for it also where its token had to be renewed before', async () => {
    const client: SignetClient = makeClient({ onStepUp: proves(() => client) });
    await client.signIn(ada);
    entrance.answers.refresh = () => payload(tokens[2] ?? '');
    entrance.answers.me = ({ bearer }) =>
      ({ [String(tokens[0])]: refusal('auth.failure.expired'), [String(tokens[2])]: stepUp() })[
        String(bearer)
      ] ?? ok();
    expect((await client.request(me)).errors).toEqual([]);
    expect(entrance.sent.filter(({ operation }) => operation === 'me').map(({ bearer }) => bearer)).toEqual([
      tokens[0],
      tokens[2],
      tokens[1],
    ]);
  });

  test('is refused once more and no third time where the proof does not help, or the dialog fails', async () => {
    vi.spyOn(console, 'error').mockReturnValueOnce(undefined);
    const client: SignetClient = makeClient({ onStepUp: proves(() => client) });
    await client.signIn(ada);
    entrance.answers.me = stepUp;
    expect(await client.request(me)).toMatchObject({ errors: [{ kind: 'step-up' }] });
    expect(entrance.count('me')).toBe(2);
    const broken = makeClient({ onStepUp: () => Promise.reject(new Error('a fault of the page')) });
    await broken.signIn(ada);
    expect(await broken.request(me)).toMatchObject({ errors: [{ kind: 'step-up' }] });
    vi.restoreAllMocks();
  });

  test('is of the client itself: a passkey is added after the proof', async () => {
    const client: SignetClient = makeClient({ onStepUp: proves(() => client) });
    await client.signIn(ada);
    entrance.answers.beginPasskeyRegistration = ({ bearer }) =>
      bearer === tokens[0] ? stepUp() : Response.json({ data: { result: {} } });
    // Node has no passkeys: it came as far as asking for one.
    expect(await client.passkeys.add('my phone')).toMatchObject({ error: { kind: 'passkey' } });
    expect(entrance.count('reauthenticate')).toBe(1);
  });
});

test('an operation that is aborted while its token is renewed rejects at once, and the renewal goes on', async () => {
  const late = answerLater();
  entrance.answers.signIn = () => payload(tokenOf('ada'), 0);
  entrance.answers.refresh = late.asked;
  const client = makeClient();
  await client.signIn(ada);
  const controller = new AbortController();
  const fetching = client.fetch(url, { method: 'POST', body: '{}', signal: controller.signal });
  const asking = client.request(me, {}, { signal: controller.signal });
  await expect.poll(() => entrance.count('refresh')).toBe(1);
  controller.abort();
  await expect(fetching).rejects.toThrow('aborted');
  expect(await asking).toMatchObject({ data: null, errors: [{ kind: 'network' }] });
  const request = new Request(url, { method: 'POST', body: '{}', signal: controller.signal });
  await expect(client.fetch(request)).rejects.toThrow('aborted');
  late.give(payload(tokenOf('ada')));
  expect((await client.request(me)).errors).toEqual([]);
  expect(entrance.count('me')).toBe(1);
});

test('a body that is a stream is sent once: its refusal is the answer', async () => {
  entrance.answers.signIn = () => payload(tokenOf('ada'));
  entrance.answers.me = () => refusal('auth.failure.expired');
  const client = makeClient();
  await client.signIn(ada);
  entrance.answers.refresh = () => payload(tokenOf('ada'));
  const body = new Blob(['{}']).stream();
  const response = await client.fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
  expect(response.status).toBe(401);
  expect(entrance.count('me')).toBe(1);
});

test('takes documents that carry their types, as text, as an object with a text, and parsed with `print`', async () => {
  const queries: string[] = [];
  entrance.answers.me = ({ init }) => {
    queries.push(JSON.parse(String(init.body)).query);
    return ok();
  };
  const parsed: { kind: string; __apiType?: (variables: { first: number }) => { me: { email: string } } } = {
    kind: 'Document',
  };
  const text = me as TypedDocument<{ me: { email: string } }, Record<string, never>>;
  const client = makeClient({ print: () => 'printed' });
  const email: string | undefined = (await client.request(text)).data?.me.email;
  expect(email).toBe('ada@example.com');
  await client.request(Object(me) as TypedDocument<object, Record<string, never>>);
  await client.request(parsed, { first: 1 });
  // @ts-expect-error: the document needs a variable.
  await client.request(parsed);
  expect(queries).toEqual([me, me, 'printed', 'printed']);
  expect(await makeClient().request(parsed, { first: 1 })).toMatchObject({
    errors: [{ message: 'A parsed document needs the option `print`.' }],
  });
});

describe('at a server that is not what it should be', () => {
  const servers: Server[] = [];
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  }
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const stored = { refreshToken: 'the refresh token', deviceToken: 'the device token' };
  let kept: object | undefined;
  const makeReal = (address: string, send?: typeof fetch) => {
    kept = stored;
    return createSignetClient({
      url: address,
      platform: 'user',
      store: {
        read: () => kept ?? {},
        write: (next) => {
          kept = next;
        },
      },
      ...(send && { fetch: send }),
    });
  };

  test.each([301, 302, 303, 307, 308])(
    'neither token nor password follows a redirect to another origin (%i)',
    async (status) => {
      const reached: string[] = [];
      const other = await serve((req, res) => {
        reached.push(`${req.method} ${req.headers.authorization}`);
        res.end('{}');
      });
      const address = await serve((req, res) => {
        let body = '';
        req.on('data', (part) => (body += part));
        req.on('end', () => {
          const isRefresh = body.includes('Signet_refresh');
          if (isRefresh) res.end(JSON.stringify({ data: { result: tokenPayload } }));
          else res.writeHead(status, { location: other }).end();
        });
      });
      const tokenPayload = { accessToken: tokenOf('ada'), expiresIn: 600, refreshToken: 'next' };
      const client = makeReal(address);
      expect(await client.session.ready()).toMatchObject({ status: 'signed-in' });
      expect(await client.request(me)).toMatchObject({ errors: [{ kind: 'network' }] });
      await expect(client.fetch(address, { redirect: 'follow' })).rejects.toThrow();
      await expect(client.fetch(new Request(address))).rejects.toThrow();
      expect(await client.signIn(ada)).toMatchObject({ ok: false, error: { kind: 'network' } });
      expect((await client.fetch(address, { redirect: 'manual' })).status).toBe(status);
      expect(reached).toEqual([]);
      client.close();
    },
  );

  test.each<[string, RequestListener, string]>([
    ["a proxy's page", (_req, res) => res.writeHead(502).end('<html>bad gateway</html>'), 'unavailable'],
    [
      'a proxy that throttles',
      (_req, res) => res.writeHead(429, { 'retry-after': '7' }).end('slow'),
      'throttled',
    ],
    ['a captive portal', (_req, res) => res.end('<html>sign in to this network</html>'), 'network'],
    ['another path', (_req, res) => res.writeHead(404).end('{"message":"not found"}'), 'network'],
    ['JSON that is none of GraphQL', (_req, res) => res.end('null'), 'network'],
    ['a result of nothing', (_req, res) => res.end('{"data":{"result":null}}'), 'internal'],
    [
      'a token that is none',
      (_req, res) => res.end('{"data":{"result":{"accessToken":"x","expiresIn":60}}}'),
      'internal',
    ],
    [
      'a token without a time',
      (_req, res) => res.end(`{"data":{"result":{"accessToken":"${tokenOf('ada')}"}}}`),
      'internal',
    ],
    ['errors of nothing', (_req, res) => res.end('{"errors":[null]}'), 'internal'],
    ['a closed connection', (req) => req.socket.destroy(), 'network'],
    [
      'an answer that breaks off',
      (_req, res) => void res.writeHead(200, { 'content-length': 99 }).write('{"da', () => res.destroy()),
      'network',
    ],
  ])(
    '%s costs neither the session nor the store, and is an error of its kind',
    async (_what, listener, kind) => {
      const client = makeReal(await serve(listener));
      expect(await client.session.ready()).toMatchObject({ status: 'unknown', error: { kind } });
      expect(await client.signIn(ada)).toMatchObject({ ok: false, error: { kind } });
      expect(await client.request(me)).toMatchObject({ data: null, errors: [{}] });
      expect(kept).toEqual(stored);
      client.close();
    },
  );

  test('an answer that never comes is given up, and the session goes on', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('given up')), 50);
      return controller.signal;
    });
    const client = makeReal(await serve((_req, res) => void res.writeHead(200).write('{')));
    expect(await client.session.ready()).toMatchObject({ status: 'unknown', error: { message: 'given up' } });
    expect(kept).toEqual(stored);
    client.close();
    vi.restoreAllMocks();
  });

  test('an answer of many parts reaches the caller part by part', async () => {
    const address = await serve((req, res) => {
      let body = '';
      req.on('data', (part) => (body += part));
      req.on('end', () => {
        const result = { accessToken: tokenOf('ada'), expiresIn: 600, refreshToken: 'next' };
        if (body.includes('Signet_refresh')) res.end(JSON.stringify({ data: { result } }));
        else res.writeHead(200, { 'content-type': 'multipart/mixed' }).write('first');
      });
    });
    const client = makeReal(address);
    const controller = new AbortController();
    const response = await client.fetch(address, { method: 'POST', body: me, signal: controller.signal });
    const reader = response.body?.getReader();
    // The rest never comes.
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first');
    controller.abort();
    await expect(reader?.read()).rejects.toThrow('aborted');
    client.close();
  });
});
