import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Framework,
  frameworks,
  type GuardedService,
  startGuardedService,
} from './guarded-service.test-support.ts';

const names = Object.keys(frameworks) as Framework[];

describe.each(names)('a subgraph behind the guards, on %s', (framework) => {
  let service: GuardedService;
  beforeAll(async () => {
    service = await startGuardedService(framework);
  });
  afterAll(() => service.stop());

  type Asked = {
    query: string;
    entrance?: 'graph' | 'user' | 'portal';
    token?: string;
    variables?: Record<string, unknown>;
  };
  const ask = ({ query, entrance, token, variables }: Asked) =>
    service.keys
      .gateway('reviews', entrance)
      .post(service.url, { query, ...(variables && { variables }) }, { ...(token && { token }) });
  /** Sends what was signed with something changed. */
  const send = async (
    change: {
      body?: string;
      headers?: Record<string, string | undefined>;
      query?: string;
      url?: string;
      method?: string;
    },
    signer = service.keys.gateway('reviews'),
  ) => {
    const before = service.ran.length;
    const body = JSON.stringify({ query: change.query ?? '{ open }' });
    const headers = { ...signer.headersOf({ url: service.url, body }), ...change.headers };
    const response = await fetch(change.url ?? service.url, {
      method: change.method ?? 'POST',
      headers: Object.fromEntries(
        Object.entries(headers).filter(([, value]) => value !== undefined),
      ) as Record<string, string>,
      ...(change.method === 'GET' ? {} : { body: change.body ?? body }),
    });
    const text = await response.text();
    const { errors } = text.startsWith('{') ? JSON.parse(text) : {};
    return {
      status: response.status,
      reason: errors?.[0]?.extensions?.reason,
      didRun: service.ran.length > before,
      headers: response.headers,
    };
  };
  const invalid = { status: 401, reason: 'auth.failure.proof_invalid', didRun: false };

  it('answers what a gateway signed', async () => {
    const { status, body } = await ask({ query: '{ open }' });
    expect([status, body]).toEqual([200, { data: { open: 'open' } }]);
  });

  it('judges by rules of the SDL and the token', async () => {
    const [user, portal] = [await service.issuer.mintUserToken(), await service.issuer.mintPortalToken()];
    expect(reasonsOf(await ask({ query: '{ mine }' }))).toEqual(['auth.failure.missing_token']);
    expect((await ask({ query: '{ mine }', token: user })).body).toEqual({ data: { mine: 'mine' } });
    const denied = await ask({ query: '{ open desk }', token: user });
    expect(denied.body).toMatchObject({
      data: { open: 'open', desk: null },
      errors: [
        {
          message: "This field requires a 'portal' token. Received a 'user' token.",
          path: ['desk'],
          extensions: { code: 'FORBIDDEN', reason: 'authz.platform.deny' },
        },
      ],
    });
    expect((await ask({ query: '{ desk }', token: portal })).body).toEqual({ data: { desk: 'desk' } });
    const scopeless = await service.issuer.mintUserToken({ claims: { scope: 'profile:read' } });
    expect(reasonsOf(await ask({ query: 'mutation { add(text: "x") }', token: scopeless }))).toEqual([
      'authz.scope.deny',
    ]);
  });

  it('refuses a field without a rule', async () => {
    const token = await service.issuer.mintPortalToken();
    expect(reasonsOf(await ask({ query: '{ naked }', token }))).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(service.ran).not.toContain('naked');
  });

  it('guards references and their policies', async () => {
    const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Review { id text } } }';
    const variables = { r: ['1', '2'].map((id) => ({ __typename: 'Review', id, text: 'forged' })) };
    expect(reasonsOf(await ask({ query, variables }))).toEqual([
      'auth.failure.missing_token',
      'auth.failure.missing_token',
    ]);
    const { body } = await ask({ query, variables, token: await service.issuer.mintUserToken() });
    expect(body.data._entities).toEqual([
      { id: '1', text: 'text of 1' },
      { id: '2', text: null },
    ]);
    expect(body.errors?.map(({ extensions }) => extensions.reason)).toEqual(['authz.permission.deny']);
  });

  it.each([
    ['{ open }'],
    ['{ _service { sdl } }'],
    ['{ __schema { queryType { name } } }'],
    ['{ __typename }'],
  ])('gives %s to nobody without a proof', async (query) => {
    const unsigned = { 'content-digest': undefined, signature: undefined, 'signature-input': undefined };
    expect(await send({ query, headers: unsigned })).toMatchObject({
      status: 401,
      reason: 'auth.failure.proof_missing',
      didRun: false,
    });
  });

  it('says why a request is refused by status, header and reason alone', async () => {
    const { headers } = await send({ body: '{"query":"{ mine }"}' });
    expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(headers.get('cache-control')).toBe('private, no-store');
  });

  it('refuses what was changed after it was signed', async () => {
    expect(await send({ body: '{"query":"{ open  }"}' })).toMatchObject(invalid);
    expect(
      await send({ headers: { authorization: `Bearer ${await service.issuer.mintPortalToken()}` } }),
    ).toMatchObject(invalid);
    expect(await send({ headers: { cookie: 'a=b' } })).toMatchObject(invalid);
    expect(
      await send({ headers: { 'signet-context': 'id="x", entrance="graph", auth=?0, tenant="other"' } }),
    ).toMatchObject(invalid);
    expect(await send({ url: `${service.url}?query=%7Bmine%7D` })).toMatchObject(invalid);
    expect(await send({}, service.keys.gateway('orders'))).toMatchObject(invalid);
  });

  it('takes no other way in than a POST of JSON', async () => {
    expect(await send({ method: 'GET', url: `${service.url}?query=%7Bopen%7D` })).toMatchObject({
      status: 405,
      didRun: false,
    });
    expect(await send({ method: 'PUT' })).toMatchObject({ status: 405, didRun: false });
    for (const type of [
      'application/graphql',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
    ]) {
      expect(await send({ headers: { 'content-type': type } })).toMatchObject({ status: 415, didRun: false });
    }
  });

  it.each([
    ['a list', '[{"query":"{ open }"}]'],
    ['no query', '{}'],
    ['a stored query', '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"a"}}}'],
    ['a query that is no text', '{"query":{"kind":"Document"}}'],
    ['no JSON', '{'],
    ['two queries', '{"query":"{ open }","query":"mutation { add(text: \\"x\\") }"}'],
    ['a prototype', '{"query":"{ open }","variables":{"__proto__":{"a":1}}}'],
    ['a prototype behind escapes', '{"query":"{ open }","\\u005f_proto__":{"a":1}}'],
    ['nothing', ''],
  ])('answers 400 to a signed body with %s', async (_title, body) => {
    const headers = service.keys.gateway('reviews').headersOf({ url: service.url, body });
    expect(await send({ body, headers })).toMatchObject({ status: 400, didRun: false });
  });

  it('answers 413 to a body over a megabyte', async () => {
    expect(
      await send({ body: JSON.stringify({ query: `{ open }${' '.repeat(1024 * 1024)}` }) }),
    ).toMatchObject({ status: 413, didRun: false });
  });

  it('answers 413 also where the length of a body is not told, and reads no more than that', async () => {
    const { hostname, port, pathname } = new URL(service.url);
    const headers = { 'content-type': 'application/json' };
    const sent = request({ hostname, port, path: pathname, method: 'POST', headers });
    sent.on('error', () => {}).write(' '.repeat(1024 * 1024));
    sent.write(' ');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    await once(response.resume(), 'close');
  });

  it('runs a signed mutation once, and a query as often as it comes', async () => {
    const token = await service.issuer.mintUserToken();
    const body = JSON.stringify({
      query: 'query a { open } mutation b { add(text: "once") }',
      operationName: 'b',
    });
    const headers = service.keys.gateway('reviews').headersOf({ url: service.url, body, token });
    const before = service.ran.length;
    const answers = await Promise.all([1, 2, 3].map(() => send({ body, headers })));
    expect(answers.map(({ status, reason }) => `${status} ${reason}`).sort()).toEqual([
      '200 undefined',
      '401 auth.failure.replay',
      '401 auth.failure.replay',
    ]);
    expect(service.ran.slice(before)).toEqual(['add once']);
    const query = JSON.stringify({ query: '{ open }' });
    const again = service.keys.gateway('reviews').headersOf({ url: service.url, body: query });
    for (const _ of [1, 2])
      expect(await send({ body: query, headers: again })).toMatchObject({ status: 200 });
  });

  it("refuses at an entrance the other platform's tokens and fields", async () => {
    const portal = await service.issuer.mintPortalToken();
    const asked = await ask({ query: '{ open }', entrance: 'user', token: portal });
    expect([asked.status, reasonsOf(asked)]).toEqual([401, ['auth.failure.proof_invalid']]);
    const field = await ask({ query: '{ open deskLogin }', entrance: 'user' });
    expect([field.status, reasonsOf(field)]).toEqual([401, ['auth.failure.proof_invalid']]);
    expect((await ask({ query: '{ deskLogin }', entrance: 'portal' })).body.data).toEqual({
      deskLogin: 'deskLogin',
    });
  });

  it('refuses a bad token before anything runs', async () => {
    const expired = await service.issuer.mintUserToken({ claims: { exp: 1_700_000_000 } });
    const answer = await ask({ query: '{ open }', token: expired });
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.expired']]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(reasonsOf(await ask({ query: '{ open }', token: 'a.b.c' }))).toEqual(['auth.failure.malformed']);
  });

  it('lets errors of its own pass, and no others', async () => {
    expect((await ask({ query: '{ own }' })).body.errors).toEqual([
      {
        message: 'No such review.',
        path: ['own'],
        locations: expect.anything(),
        extensions: { code: 'NO_REVIEW' },
      },
    ]);
    const { body } = await ask({ query: '{ broken }' });
    expect(body.errors?.[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect(JSON.stringify(service.logged)).toContain('hunter2');
  });

  it('says whether it lives and is ready', async () => {
    const read = async (path: string) => (await fetch(new URL(path, service.url))).json();
    expect(await read('/health/live')).toEqual({ status: 'live' });
    expect(await read('/health/ready')).toEqual({ status: 'ready' });
  });
});
