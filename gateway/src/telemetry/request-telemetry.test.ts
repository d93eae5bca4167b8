import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { createLogger } from '@signet/service';
import { readMetrics } from '@signet/telemetry';
import { createMetrics } from '@signet/telemetry/metrics';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../documents/decide-document.ts';
import { startTestGateway, type TestGateway, type Who } from '../entrance/entrance.test-support.ts';
import { RequestTelemetry } from './request-telemetry.ts';

type Line = Record<string, unknown>;
const lines: Line[] = [];
/** Everything that the process logs, as it is written. */
let logged = '';
const logger = createLogger('test', 'debug', {
  write(line) {
    logged += line;
    const parsed = JSON.parse(line) as Line;
    if (parsed.msg === 'request') lines.push(parsed);
  },
});
const metrics = createMetrics({ version: 'test', ofProcess: false });
let gateway: TestGateway;
beforeAll(async () => {
  const env = { GRAPH_CORS_ORIGINS: 'https://shop.example', TRUSTED_PROXIES: '127.0.0.2/32' };
  gateway = await startTestGateway(env, logger, metrics.of('gateway'));
});
afterAll(() => gateway.stop());
beforeEach(() => {
  lines.length = 0;
});

type Asked = {
  body?: object | string;
  who?: Who;
  headers?: Record<string, string>;
  path?: string;
  method?: string;
  /** The address that the connection comes from. */
  from?: string;
};

async function ask({ body, who, headers = {}, path = '/graphql', method = 'POST', from }: Asked) {
  const asked = httpRequest(`${gateway.urls.graph}${path}`, {
    method,
    agent: false,
    ...(from && { localAddress: from }),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(who && who !== 'anonymous' && { authorization: `Bearer ${gateway.tokens[who]}` }),
      ...headers,
    },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) =>
    asked.once('response', resolve).once('error', reject),
  );
  asked.end(typeof body === 'object' ? JSON.stringify(body) : body);
  const response = await answer;
  const read = await text(response);
  // The line is written once the response has closed.
  const id = response.headers['x-request-id'];
  await expect.poll(() => lines.some(({ requestId }) => requestId === id)).toBe(true);
  const line = lines.find(({ requestId }) => requestId === id) as Line;
  return { status: response.statusCode, id, body: read, line };
}

async function readSeries() {
  return readMetrics(await metrics.text());
}

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const mine = 'query Mine { me { id email } }';

describe('the line of a request', () => {
  it('says who asked for what, and what became of it, in each lane', async () => {
    const asked: Asked = {
      body: { query: mine },
      who: 'customer',
      headers: { 'apollographql-client-name': 'web', 'graphql-client-version': '1.2', 'x-tenant': 'acme' },
    };
    const [first, second] = [await ask(asked), await ask(asked)];
    const common = {
      entrance: 'graph',
      method: 'POST',
      status: 200,
      outcome: 'ok',
      operation: 'Mine',
      operationType: 'query',
      operationHash: sha256(mine),
      client: 'web',
      clientVersion: '1.2',
      platform: 'user',
      account: '0199c2f4-7a10-7000-8000-00000000000b',
      tenant: '0199c2f4-7a10-7000-8000-00000000000a',
      tenantSlug: 'acme',
      cost: expect.any(Number),
      fetches: 1,
      durationMs: expect.any(Number),
    };
    expect(first.line).toMatchObject({ ...common, lane: 'apollo', plan: 'miss', planMs: expect.any(Number) });
    expect(second.line).toMatchObject({ ...common, lane: 'fast', plan: 'hit' });
    expect(second.line.cost).toBe(first.line.cost);
  });

  it('names the member of staff beside the customer as whom they act, and a service account', async () => {
    const acted = await ask({ body: { query: mine }, who: 'acted' });
    expect(acted.line).toMatchObject({
      platform: 'user',
      act: expect.any(String),
      account: expect.any(String),
    });
    const job = await ask({ body: { query: '{ categories { id } }' }, who: 'job' });
    expect(job.line).toMatchObject({ platform: 'user', account: expect.any(String), operationType: 'query' });
    expect(job.line.operation).toBeUndefined();
  });

  it.each<[string, Asked, object]>([
    [
      'a token that is none',
      { body: { query: mine }, headers: { authorization: 'Bearer x' } },
      { status: 401, code: 'UNAUTHENTICATED', reasons: ['auth.failure.malformed'] },
    ],
    [
      'a rule',
      { body: { query: '{ dashboard { customers } }' }, who: 'customer' },
      { status: 403, code: 'FORBIDDEN', lane: 'apollo', platform: 'user' },
    ],
    [
      'a limit of the text',
      { body: { query: `{ ${'a '.repeat(5000)} }` } },
      { status: 400, lane: 'server', reasons: ['request.limit.tokens'] },
    ],
    [
      'a limit of the document',
      { body: { query: '{ products(first: 9999) { totalCount } }' } },
      { status: 400, lane: 'apollo', reasons: ['request.limit.list_size'] },
    ],
    ['no JSON', { body: '{' }, { status: 400, code: 'BAD_REQUEST', lane: 'server' }],
    ['a document that is none', { body: { query: '{ nothing' } }, { code: 'GRAPHQL_PARSE_FAILED' }],
    [
      'an unknown hash',
      { body: { extensions: { persistedQuery: { version: 1, sha256Hash: sha256('x') } } } },
      { status: 200, code: 'PERSISTED_QUERY_NOT_FOUND' },
    ],
    ['another host', { body: { query: mine }, headers: { host: 'evil.example' } }, { status: 421 }],
    ['an unknown path', { path: '/nothing?token=secret', method: 'GET' }, { status: 404, code: 'NOT_FOUND' }],
    ['an expectation', { headers: { expect: 'miracles' }, path: '/graphql' }, { status: 417 }],
  ])(
    'is there, as an error in the answer with its id, where a request is refused for %s',
    async (_, asked, expected) => {
      const { id, body, line } = await ask(asked);
      expect(line).toMatchObject({ outcome: 'refused', ...expected });
      const { errors } = JSON.parse(body) as { errors: { extensions: { requestId?: string } }[] };
      expect(errors.map(({ extensions }) => extensions.requestId)).toEqual(errors.map(() => id));
    },
  );

  it('is not there for probes', async () => {
    await fetch(`${gateway.urls.graph}/health/live`);
    await ask({ body: { query: mine }, who: 'customer' });
    expect(lines).toHaveLength(1);
  });

  it('holds no text, no variable, no header and no token of the client, whatever lane refuses or answers it', async () => {
    logged = '';
    const secret = 'correct horse battery';
    const login = `mutation In($p: String!) { login(input: { email: "a@example.com", password: $p }) { expiresIn } }`;
    const literal = `mutation { login(input: { email: "a@example.com", password: "${secret}" }) { expiresIn } }`;
    const headers = { cookie: `a=${secret}`, 'x-other': secret, 'user-agent': secret };
    const bodies = [
      { query: login, variables: { p: secret } },
      { query: login, variables: { p: secret } },
      { query: literal },
      { query: literal },
      { query: `${literal} #` },
      { query: mine, variables: { [secret]: secret }, operationName: secret },
      { query: `{ me { id(a: "${secret}") } }` },
      { query: `query { ${secret}` },
    ];
    for (const body of bodies) {
      await ask({ body, headers });
      await ask({ body, headers: { ...headers, authorization: `Basic ${secret}` } });
      await ask({ body, who: 'customer', headers: { ...headers, 'graphql-client-name': `${secret}\u00e9` } });
    }
    await ask({ path: `/graphql?query=${encodeURIComponent(literal)}`, method: 'GET', headers });
    await ask({ path: `/${secret.replaceAll(' ', '-')}`, method: 'GET', headers });
    expect(lines.length).toBe(3 * bodies.length + 2);
    for (const word of secret.split(' ')) expect(logged).not.toContain(word);
    expect(logged).not.toContain(gateway.tokens.customer);
    // The plain hash of a text with a literal in it would let a reader try out which it was.
    expect(logged).not.toContain(sha256(literal));
    expect(logged).not.toContain('a@example.com');
  });
});

describe('the id of a request', () => {
  const query = { query: mine };

  it('is made here, and another each time', async () => {
    const [one, other] = [await ask({ body: query }), await ask({ body: query })];
    expect(one.id).toMatch(uuid7);
    expect(other.id).not.toBe(one.id);
  });

  it('is taken from a trusted proxy, and goes into errors and reports for the audit log', async () => {
    const given = { 'x-request-id': 'edge-7f.A_1' };
    const refused = await ask({ body: query, headers: given, from: '127.0.0.2' });
    expect(refused.id).toBe('edge-7f.A_1');
    expect(refused.body).toContain('"requestId":"edge-7f.A_1"');
    const reported = await ask({
      body: query,
      headers: { 'x-request-id': 'edge-7f.A_2', authorization: 'Bearer x' },
      from: '127.0.0.2',
    });
    expect(reported.id).toBe('edge-7f.A_2');
    await expect
      .poll(() => gateway.reports.flatMap(({ refusals }) => refusals.map(({ requestId }) => requestId)))
      .toContain('edge-7f.A_2');
  });

  it('is not that of another request, though a trusted proxy passes it on from its client', async () => {
    for (const headers of [undefined, { 'x-request-id': 'edge-7f.A_3' }]) {
      const other = await ask({ body: query, from: '127.0.0.2', ...(headers && { headers }) });
      const passed = { 'x-request-id': String(other.id) };
      const answer = await ask({ body: query, headers: passed, from: '127.0.0.2' });
      expect(answer.id).toMatch(uuid7);
      expect(answer.id).not.toBe(other.id);
      expect(answer.body).toContain(`"requestId":"${answer.id}"`);
    }
    expect(logged).toContain('a trusted proxy gave X-Request-Id of another request');
  });

  it.each([
    ['a stranger', 'edge-7f.A_1', '127.0.0.1'],
    ['a proxy, with other characters', 'a b', '127.0.0.2'],
    ['a proxy, too long', 'a'.repeat(65), '127.0.0.2'],
  ])('is not taken from %s', async (_, id, from) => {
    const answer = await ask({ body: query, headers: { 'x-request-id': id }, from });
    expect(answer.id).toMatch(uuid7);
  });
});

describe('the series of an entrance', () => {
  it('count each request once, by what became of it', async () => {
    const total = async (outcome: string) =>
      (await readSeries()).find('signet_requests_total', { entrance: 'graph', outcome }) ?? 0;
    const before = { ok: await total('ok'), refused: await total('refused') };
    await ask({ body: { query: mine }, who: 'customer' });
    await ask({ body: { query: mine } });
    await ask({ body: '{' });
    await fetch(`${gateway.urls.graph}/health/ready`);
    expect({ ok: await total('ok'), refused: await total('refused') }).toEqual({
      ok: before.ok + 1,
      refused: before.refused + 2,
    });
    const series = await readSeries();
    expect(series.find('signet_requests_in_flight', { entrance: 'graph' })).toBe(0);
    const refusals = series.find('signet_refusals_total', {
      entrance: 'graph',
      code: 'UNAUTHENTICATED',
      reason: 'auth.failure.missing_token',
    });
    expect(refusals).toBeGreaterThan(0);
  });

  it('show what is under way', async () => {
    const release = gateway.holdAnswers();
    const waiting = ask({ body: { query: mine }, who: 'customer' });
    await expect
      .poll(async () => (await readSeries()).find('signet_requests_in_flight', { entrance: 'graph' }))
      .toBe(1);
    release();
    await waiting;
  });

  it('count limits, fetches, plans and tokens', async () => {
    await ask({ body: { query: `{ ${'a '.repeat(5000)} }` } });
    const many = Array.from({ length: 30 }, (_, n) => `query Q${n} { __typename }`).join(' ');
    await ask({ body: { query: many, operationName: 'Q1' } });
    const series = await readSeries();
    expect(
      series.find('signet_limit_refusals_total', { entrance: 'graph', limit: 'tokens' }),
    ).toBeGreaterThan(0);
    const ofOperations = (limit: string) =>
      series.find('signet_limit_refusals_total', { entrance: 'graph', limit });
    // Many in a document are not many under way, of which an alert tells.
    expect([ofOperations('document_operations'), ofOperations('operations') ?? 0]).toEqual([1, 0]);
    expect(
      series.find('signet_fetch_duration_seconds_count', { subgraph: 'auth', outcome: 'ok' }),
    ).toBeGreaterThan(0);
    expect(series.find('signet_plan_cache_total', { entrance: 'graph', result: 'hit' })).toBeGreaterThan(0);
    expect(series.find('signet_token_cache_total', { result: 'hit' })).toBeGreaterThan(0);
    const refused = { platform: '-', outcome: 'auth.failure.malformed' };
    expect(series.find('signet_token_verifications_total', refused)).toBeGreaterThan(0);
  });

  it('do not grow with the names that clients choose', async () => {
    for (let n = 0; n < 250; n += 1) {
      const headers = {
        'graphql-client-name': `client${n}`,
        'graphql-client-version': `${n}`,
        'x-tenant': `t${n}`,
      };
      await ask({ body: { query: `query Name${n} { __typename }`, operationName: `Name${n}` }, headers });
    }
    const series = await readSeries();
    const names = series.series.filter(
      ({ name, labels }) => name === 'signet_request_duration_seconds_count' && labels.entrance === 'graph',
    );
    expect(names).toHaveLength(201);
    expect(series.find('signet_request_duration_seconds_count', { operation: 'other' })).toBeGreaterThan(49);
  });
});

it('keeps codes and reasons of subgraphs that are words, and no sentence or long text of theirs', () => {
  const telemetry = new RequestTelemetry('id', 'graph', { headers: {}, method: 'POST' } as IncomingMessage);
  const errors = [
    { code: 'CONFLICT for ada@example.com', reason: 'ada@example.com has an order already' },
    { code: 'CONFLICT', reason: 'x'.repeat(1_000_000) },
    { code: 'CONFLICT', reason: 'order.exists' },
  ];
  telemetry.answered(
    errors.map((extensions) => ({ message: 'No.', extensions })),
    false,
  );
  expect(telemetry).toMatchObject({
    code: 'other',
    reasons: ['other', 'other', 'order.exists'],
    refusals: ['other other', 'CONFLICT other', 'CONFLICT order.exists'],
  });
});
