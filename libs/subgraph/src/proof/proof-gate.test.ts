import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { createProofIdentity, createProofSet, type ProofIdentity, type ProofKeyFile } from '@signet/proof';
import {
  createLogger,
  formatSignetContext,
  type Logger,
  maxHeaderBytes,
  type RunningServer,
} from '@signet/service';
import type { SignedMessage } from '@signet/testing';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSubgraphServer } from '../subgraph-server.ts';
import { createProofRefusals, type ProofRefusals } from './proof-refusals.ts';

const set = createProofSet();
const identityOf = (name: string) =>
  createProofIdentity({ name, keys: set.keyFiles[name] as ProofKeyFile, peers: set.peers });

/** A subgraph named `portal` that tells what it ran and what it believed. */
let server: RunningServer;
let url: string;
let refusals: ProofRefusals;
const ran: { requestId: string; clientAddress?: string | undefined }[] = [];
const logged: Record<string, unknown>[] = [];

beforeAll(async () => {
  const logger = createLogger('test', 'warn');
  const told = (fields: Record<string, unknown>) => logged.push(fields);
  refusals = createProofRefusals(Object.assign(Object.create(logger), { warn: told }) as Logger);
  server = await startSubgraphServer({
    logger,
    host: '127.0.0.1',
    port: 0,
    schema: buildSchema('type Query { it: Int } type Mutation { change: Int }'),
    introspection: true,
    proof: { verifier: identityOf('portal').verifier, refusals },
    async createContext({ signetContext }) {
      ran.push(signetContext);
      return {};
    },
    addRoutes: (open) => void open.get('/.well-known/open', async () => ({ open: true })),
    addProvenRoutes: (scope) => void scope.post('/report', async ({ body }) => ({ body })),
  });
  url = `${server.url}/graphql`;
});
afterAll(async () => {
  refusals.stop();
  await server.stop();
});

const body = '{"query":"{ it }"}';

/** Headers as a gateway's entrance `user` signs them, for `portal`. */
function sign(
  message: Omit<Partial<SignedMessage>, 'body'> & {
    body?: string | Buffer;
    recipient?: string;
    identity?: ProofIdentity;
    entrance?: string;
  } = {},
) {
  const {
    recipient = 'portal',
    identity = identityOf('gateway-user'),
    entrance = 'user',
    token,
    cookie,
    context,
  } = message;
  const { pathname, search } = new URL(message.url ?? url);
  const headers = {
    'content-type': 'application/json',
    'signet-context': formatSignetContext({
      requestId: 'r',
      entrance,
      hasToken: token !== undefined,
      ...context,
    }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(cookie !== undefined && { cookie }),
  };
  const signed = { method: 'POST', path: pathname, query: search, headers, body: message.body ?? body };
  return { ...headers, ...identity.signer.sign(recipient, signed) } as Record<string, string>;
}

type Sent = { method?: string; path?: string; body?: string | Buffer };

/** Whether bodies are sent with their length, as gateways send them. Such requests go past Fastify where their document is known. */
let hasLength: boolean;

/** Sends header by header, so that one can come twice. */
async function send(headers: Record<string, string | string[]>, sent: Sent = {}) {
  const before = ran.length;
  const { method = 'POST', path = '/graphql' } = sent;
  const { hostname, port } = new URL(url);
  const req = request({ hostname, port, path, method, headers });
  const bytes = method === 'POST' ? (sent.body ?? body) : undefined;
  if (bytes !== undefined && !hasLength) req.write(bytes);
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    req.on('response', resolve).on('error', reject);
    req.end(hasLength ? bytes : undefined);
  });
  const answer = await text(response);
  const parsed = answer.startsWith('{') ? JSON.parse(answer) : {};
  return {
    status: response.statusCode,
    reason: parsed.errors?.[0]?.extensions?.reason as string | undefined,
    text: answer,
    didRun: ran.length > before,
  };
}

const missing = { status: 401, reason: 'auth.failure.proof_missing', didRun: false };
const invalid = { status: 401, reason: 'auth.failure.proof_invalid', didRun: false };

describe.each([
  { way: 'by Fastify', withLength: false },
  { way: 'past Fastify', withLength: true },
])('a subgraph, asked $way', ({ way, withLength }) => {
  beforeAll(() => {
    hasLength = withLength;
  });

  it('answers what a gateway signed', async () => {
    expect(await send(sign())).toMatchObject({ status: 200, didRun: true });
    expect(await send(sign({ token: 'a.b.c', cookie: 'a=b' }))).toMatchObject({ status: 200, didRun: true });
    expect(await send(sign({ url: `${url}?a=b%20c` }), { path: '/graphql?a=b%20c' })).toMatchObject({
      status: 200,
    });
  });

  it('answers a client whose headers are as long as an entrance takes them', async () => {
    const cookie = `a=${'x'.repeat(maxHeaderBytes)}`;
    expect(await send(sign({ cookie }))).toMatchObject({ status: 200, didRun: true });
  });

  it('knows a document that came before, and takes this way with it', async () => {
    const ways: string[] = [];
    // Fastify's requests have their server.
    const note = (message: unknown) => {
      const { lane, request: asked } = message as { lane: string; request: object };
      ways.push(`${lane} ${'server' in asked ? 'by' : 'past'} Fastify`);
    };
    await send(sign());
    subscribe('signet.answer', note);
    await send(sign());
    unsubscribe('signet.answer', note);
    expect(ways).toEqual([`fast ${way}`]);
  });

  it.each([
    ['an operation', '{ it }'],
    ["federation's service field", '{ _service { sdl } }'],
    ['entities', '{ _entities(representations: []) { __typename } }'],
    ['its schema', '{ __schema { queryType { name } } }'],
    ['nothing', '{ __typename }'],
  ])('gives %s to nobody without a proof', async (_title, query) => {
    const request = JSON.stringify({ query });
    expect(await send({ 'content-type': 'application/json' }, { body: request })).toMatchObject(missing);
  });

  it('says nothing of the body to whom it does not know, not even that it is no JSON', async () => {
    expect(await send({ 'content-type': 'application/json' }, { body: '{' })).toMatchObject(missing);
    expect(await send({ 'content-type': 'application/json' }, { body: '' })).toMatchObject(missing);
    expect(await send(sign({ body: '{' }), { body: '{' })).toMatchObject({ status: 400, reason: undefined });
  });

  it.each([
    ['bytes that are not UTF-8', Buffer.from('{"query":"{ it }","variables":{"password":"ü"}}', 'latin1')],
    ['half of a surrogate pair', '{"query":"{ it }","variables":{"password":"\\ud800"}}'],
    ['a member twice', '{"query":"{ it }","query":"{ __typename }"}'],
  ])('reads no %s, though they are signed', async (_title, sent) => {
    expect(await send(sign({ body: sent }), { body: sent })).toMatchObject({
      status: 400,
      reason: undefined,
      didRun: false,
    });
  });

  it('reads no prototype out of what was signed', async () => {
    const poison = '{"query":"{ it }","__proto__":{"x":1}}';
    expect(await send(sign({ body: poison }), { body: poison })).toMatchObject({
      status: 400,
      didRun: false,
    });
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('takes no %s at /graphql', async (method) => {
    const { status, didRun } = await send({}, { method, path: '/graphql?query=%7Bit%7D' });
    expect([status, didRun]).toEqual([method === 'OPTIONS' ? 204 : 405, false]);
  });

  it('leaves its open routes open, and the others not', async () => {
    expect(await send({}, { method: 'GET', path: '/.well-known/open' })).toMatchObject({ status: 200 });
    expect(await send({}, { method: 'GET', path: '/health/live' })).toMatchObject({ status: 200 });
    const report = { path: '/report', body: '{"a":1}' };
    expect(await send({ 'content-type': 'application/json' }, report)).toMatchObject(missing);
    const signed = sign({ url: new URL('/report', url).href, body: report.body });
    expect(await send(signed, report)).toMatchObject({ status: 200, text: '{"body":{"a":1}}' });
  });

  it('knows a path only as it was written', async () => {
    for (const path of ['/graphql/', '//graphql', '/./graphql', '/graphql%3f', '/GraphQL', '/%67raphql']) {
      expect([path, (await send(sign(), { path })).didRun]).toEqual([path, false]);
    }
  });

  it.each<[string, () => [Record<string, string | string[]>, Sent?]]>([
    ['another body', () => [sign(), { body: '{"query":"{ it it }"}' }]],
    ['a body with a space more', () => [sign(), { body: `${body} ` }]],
    ['another path', () => [sign({ url: new URL('/other', url).href })]],
    ['a query string that was not signed', () => [sign(), { path: '/graphql?a=b' }]],
    ['a query string that is gone', () => [sign({ url: `${url}?a=b` })]],
    ['a token that was not signed', () => [{ ...sign(), authorization: 'Bearer a.b.c' }]],
    ["somebody else's token", () => [{ ...sign({ token: 'a.b.c' }), authorization: 'Bearer x.y.z' }]],
    ['a token that is gone', () => [without(sign({ token: 'a.b.c' }), 'authorization')]],
    ['a cookie that was not signed', () => [{ ...sign(), cookie: 'a=b' }]],
    ['another cookie', () => [{ ...sign({ cookie: 'a=b' }), cookie: 'a=c' }]],
    [
      'another context',
      () => [{ ...sign(), 'signet-context': 'id="r", entrance="user", auth=?0, tenant="x"' }],
    ],
    ['no context', () => [without(sign(), 'signet-context')]],
    ['another type', () => [{ ...sign(), 'content-type': 'application/json; charset=utf-8' }]],
    ['another digest', () => [{ ...sign(), 'content-digest': 'sha-256=:AAAA:' }]],
    ['two contexts', () => [twice(sign(), 'signet-context')]],
    ['two tokens', () => [twice(sign({ token: 'a.b.c' }), 'authorization')]],
    ['two cookies', () => [twice(sign({ cookie: 'a=b' }), 'cookie')]],
    ['two signatures', () => [twice(sign(), 'signature')]],
    ['a signature for another subgraph', () => [sign({ recipient: 'auth' })]],
    ["another entrance's name in the context", () => [sign({ entrance: 'portal' })]],
    ['a word of a token where there is none', () => [sign({ context: { hasToken: true } })]],
    ['no word of the token that is there', () => [sign({ token: 'a.b.c', context: { hasToken: false } })]],
    ['a context that leaves the token open', () => [sign({ context: { hasToken: undefined as never } })]],
  ])('refuses %s', async (_title, make) => {
    expect(await send(...make())).toMatchObject(invalid);
  });

  it("refuses what another subgraph signed, though it has that subgraph's public key", async () => {
    // For itself it may be whatever it likes.
    const { peers } = structuredClone(set.peers);
    Object.assign(peers.auth ?? {}, { role: 'gateway', entrance: 'user' });
    const auth = createProofIdentity({
      name: 'auth',
      keys: set.keyFiles.auth as ProofKeyFile,
      peers: { peers },
    });
    expect(await send(sign({ identity: auth }))).toMatchObject(invalid);
  });

  it('checks the proof before the token: who has none learns nothing of it', async () => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer not.a.token' };
    expect(await send(headers)).toMatchObject(missing);
  });

  it('believes the context of a request that is proven, and of no other', async () => {
    await send(sign({ context: { clientAddress: '192.0.2.1' } }));
    expect(ran.at(-1)).toMatchObject({ clientAddress: '192.0.2.1' });
    await send({ ...sign(), 'signet-context': formatSignetContext({ requestId: 'forged' }) });
    expect(ran.at(-1)).toMatchObject({ requestId: 'r' });
  });

  it('tells of refusals in its log why, with the address, once a minute for each of both', () => {
    const told = logged.filter(({ reason }) => reason === 'auth.failure.proof_invalid');
    expect(told).toEqual([expect.objectContaining({ why: expect.any(String), from: '127.0.0.1', times: 1 })]);
    expect(logged.filter(({ reason }) => reason === 'auth.failure.proof_missing')).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toContain('a.b.c');
  });

  it('says no more than the reason to whoever asks', async () => {
    const { text: answer } = await send(sign(), { body: '{}' });
    expect(JSON.parse(answer)).toEqual({
      errors: [
        {
          message: expect.not.stringMatching(/digest|mac|key/i),
          extensions: { code: 'UNAUTHENTICATED', reason: 'auth.failure.proof_invalid' },
        },
      ],
    });
  });
});

function without(headers: Record<string, string>, name: string): Record<string, string> {
  const { [name]: _, ...rest } = headers;
  return rest;
}

function twice(headers: Record<string, string>, name: string): Record<string, string | string[]> {
  return { ...headers, [name]: [headers[name] ?? '', headers[name] ?? ''] };
}
