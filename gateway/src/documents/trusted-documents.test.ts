import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@signet/service';
import { takeRequestIds } from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startTestGateway, type TestGateway } from '../entrance/entrance.test-support.ts';
import { sha256 } from './decide-document.ts';

const products = 'query Products($first: Int) { products(first: $first) { totalCount } }';
const me = 'query Me { me { email } }';
const logout = 'mutation Logout { logout }';
const missing = 'query Missing { nothing }';
const introspection = '{ __schema { queryType { name } } }';

const folder = mkdtempSync(join(tmpdir(), 'documents-'));
const file = join(folder, 'web.json');
const logger = createLogger('test', 'silent');
const info = vi.spyOn(logger, 'info');
const warnings: unknown[] = [];
vi.spyOn(logger, 'warn').mockImplementation((line: unknown) => void warnings.push(line));
let gateway: TestGateway;

beforeAll(async () => {
  writeManifest([products, me, logout, missing]);
  // An entrance for each mode.
  const env = {
    USER_TRUSTED_DOCUMENTS: 'enforce',
    USER_TRUSTED_DOCUMENTS_FILES: folder,
    GRAPH_TRUSTED_DOCUMENTS: 'log',
    GRAPH_TRUSTED_DOCUMENTS_FILES: file,
  };
  gateway = await startTestGateway(env, logger);
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  gateway.takeCalls();
  info.mockClear();
});

describe('enforce', () => {
  test.each([
    ['its id', persisted(sha256(products))],
    ['its documentId', { documentId: `sha256:${sha256(products)}` }],
    ['its text', { query: products }],
    ['its id and its text', { query: products, ...persisted(sha256(products)) }],
  ])('a trusted document runs by %s, with its variables', async (_title, document) => {
    const answer = await post('user', { ...document, operationName: 'Products', variables: { first: 1 } });
    expect(answer.body).toEqual({ data: { products: { totalCount: 1 } } });
  });

  test.each([
    ['a text', { query: '{ products { totalCount } }' }],
    ['a text beside a listed name', { query: '{ products { totalCount } }', operationName: 'Products' }],
    ['introspection', { query: introspection }],
    ['a probe', { query: '{ __typename }' }],
    ['a text with its own hash', { query: '{ __typename }', ...persisted(sha256('{ __typename }')) }],
    ['a listed id with another text', { query: '{ __typename }', ...persisted(sha256(products)) }],
    ['an unknown id', persisted('0'.repeat(64))],
    ['__proto__', persisted('__proto__')],
    ['constructor', { documentId: 'constructor' }],
    ['an id that is an object', persisted({ toString: sha256(products) })],
    ['a huge id', persisted('a'.repeat(200_000))],
    ['nothing', { variables: {} }],
  ])('%s is refused, and no subgraph is called', async (_title, body) => {
    const answer = await post('user', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([
      {
        message: expect.stringMatching(/./),
        extensions: { code: 'BAD_USER_INPUT', reason: 'request.document' },
      },
    ]);
    expect(gateway.takeCalls()).toEqual([]);
  });

  test('a list of requests is refused', async () => {
    const answer = await post('user', [{ query: products }]);
    expect([answer.status, answer.body.data]).toEqual([400, undefined]);
  });

  test('a body beyond the limit is refused as that', async () => {
    expect((await post('user', persisted('a'.repeat(10_000_000)))).status).toBe(413);
  });

  test('nothing that was refused is kept for the next caller', async () => {
    const text = 'query Kept { products { totalCount } }';
    await post('user', { query: text, ...persisted(sha256(text)) });
    const answer = await post('user', persisted(sha256(text)));
    expect(reasons(answer)).toEqual(['request.document']);
  });

  test('by GET too, for queries', async () => {
    const allowed = await get('user', { documentId: sha256(products), variables: '{"first":2}' });
    expect(allowed.body).toEqual({ data: { products: { totalCount: 1 } } });
    const extensions = JSON.stringify(persisted(sha256(products)).extensions);
    expect((await get('user', { extensions })).body.data).toEqual({ products: { totalCount: 1 } });
    expect(reasons(await get('user', { query: '{ __typename }' }))).toEqual(['request.document']);
    const mutation = await get('user', { documentId: sha256(logout) }, gateway.tokens.customer);
    expect([mutation.status, gateway.takeCalls()]).toEqual([405, ['portal', 'portal']]);
  });

  test('a text in a second parameter is not run', async () => {
    const url = `${gateway.urls.user}/graphql?query=${encodeURIComponent(products)}&query={__typename}`;
    const answer = await fetch(url, { headers: { 'apollo-require-preflight': '1' } });
    expect(answer.status).toBe(400);
  });

  test('a body to GET does not change what runs', async () => {
    const answer = await getWithBody(
      `${gateway.urls.user}/graphql?documentId=${sha256(products)}`,
      JSON.stringify({ query: '{ __typename }' }),
    );
    expect(answer).not.toContain('__typename');
  });

  test('a trusted document meets access rules and a bad token as any other', async () => {
    const anonymous = await post('user', persisted(sha256(me)));
    expect([anonymous.status, new Set(reasons(anonymous))]).toEqual([
      401,
      new Set(['auth.failure.missing_token']),
    ]);
    expect((await post('user', persisted(sha256(me)), gateway.tokens.customer)).body.data).toEqual({
      me: { email: 'x' },
    });
    const staff = await post('user', persisted(sha256(me)), gateway.tokens.staff);
    expect([staff.status, reasons(staff)]).toEqual([401, ['auth.failure.issuer_mismatch']]);
  });

  test('a bad token is reported before a document that is not trusted', async () => {
    expect(reasons(await post('user', { query: '{ __typename }' }, 'nonsense'))).toEqual([
      'auth.failure.malformed',
    ]);
  });

  test('a listed document that does not fit the schema is named in the log, and invalid when it is sent', async () => {
    await vi.waitFor(() =>
      expect(warnings).toContainEqual(
        expect.objectContaining({ entrance: 'user', name: 'Missing', id: sha256(missing) }),
      ),
    );
    expect(reasons(await post('user', persisted(sha256(missing))))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  });

  test('what is refused is in the log, by its name and hash', async () => {
    const query = 'query Unlisted { products { totalCount } }';
    await post('user', { query, operationName: 'Unlisted' });
    expect(info.mock.calls.map(([line]) => line)).toContainEqual({
      entrance: 'user',
      isRefused: true,
      requests: 1,
      name: 'Unlisted',
      hash: expect.stringMatching(/^[0-9a-f]{32}$/),
      isNameListed: false,
    });
  });
});

describe('log', () => {
  test('runs everything, and logs what would be refused', async () => {
    expect((await post('graph', persisted(sha256(products)))).body.data).toEqual({
      products: { totalCount: 1 },
    });
    expect(told()).toEqual([]);
    const query = 'query Fresh { products { totalCount } }';
    expect((await post('graph', { query })).body.data).toEqual({ products: { totalCount: 1 } });
    expect(told()).toEqual([expect.objectContaining({ isRefused: false, name: 'Fresh' })]);
  });

  const told = () => info.mock.calls.map(([line]) => line).filter((line) => 'isRefused' in (line as object));
});

describe.each(['graph', 'portal'] as const)('automatic persisted queries at %s', (entrance) => {
  const query = `query Automatic { products(first: 3) { totalCount } }`;

  test('a hash is unknown until its text was sent with it', async () => {
    const unknown = await post(entrance, persisted(sha256(query)));
    expect([unknown.status, reasons(unknown)]).toEqual([200, ['PERSISTED_QUERY_NOT_FOUND']]);
    expect((await post(entrance, { query, ...persisted(sha256(query)) })).body.data).toBeDefined();
    expect((await post(entrance, persisted(sha256(query)))).body.data).toEqual({
      products: { totalCount: 1 },
    });
    expect((await post(entrance, { documentId: `sha256:${sha256(query)}` })).body.data).toBeDefined();
    expect((await get(entrance, { documentId: `sha256:${sha256(query)}` })).body.data).toBeDefined();
  });

  test.each([
    ['a text that does not parse', '{'],
    ['a text that is not valid', '{ nothing }'],
  ])('%s is not kept', async (_title, text) => {
    await post(entrance, { query: text, ...persisted(sha256(text)) });
    expect(reasons(await post(entrance, persisted(sha256(text))))).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  test('a text is not kept under the hash of another', async () => {
    const wrong = sha256('something else');
    const answer = await post(entrance, { query, ...persisted(wrong) });
    expect([answer.status, reasons(answer)]).toEqual([400, ['request.document']]);
    expect(reasons(await post(entrance, persisted(wrong)))).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  test('a mutation does not run by GET', async () => {
    const text = entrance === 'portal' ? 'mutation { portalLogout }' : logout;
    await post(entrance, { query: text, ...persisted(sha256(text)) }, gateway.tokens.staff);
    gateway.takeCalls();
    const extensions = JSON.stringify(persisted(sha256(text)).extensions);
    const answer = await get(entrance, { extensions }, gateway.tokens.staff);
    expect([answer.status, gateway.takeCalls()]).toEqual([405, []]);
  });
});

// Last: it changes the list.
test('a new manifest counts without a restart, and a broken one changes nothing', async () => {
  const fresh = 'query FreshlyListed { products { totalCount } }';
  writeManifest([fresh, products]);
  await vi.waitFor(
    async () => expect((await post('user', persisted(sha256(fresh)))).body.data).toBeDefined(),
    { timeout: 30_000, interval: 250 },
  );
  expect(reasons(await post('user', persisted(sha256(logout))))).toEqual(['request.document']);
});

type Answer = {
  status: number;
  body: { data?: unknown; errors?: { extensions: { code: string; reason?: string } }[] };
};

async function post(entrance: keyof TestGateway['urls'], body: unknown, token?: string): Promise<Answer> {
  const response = await fetch(`${gateway.urls[entrance]}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    body: takeRequestIds((await response.json()) as Answer['body'], response),
  };
}

async function get(
  entrance: keyof TestGateway['urls'],
  query: Record<string, string>,
  token?: string,
): Promise<Answer> {
  const response = await fetch(`${gateway.urls[entrance]}/graphql?${new URLSearchParams(query)}`, {
    headers: { 'apollo-require-preflight': '1', ...(token && { authorization: `Bearer ${token}` }) },
  });
  return {
    status: response.status,
    body: takeRequestIds((await response.json()) as Answer['body'], response),
  };
}

/** `fetch` sends none. */
function getWithBody(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'GET', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject).end(body);
  });
}

function persisted(sha256Hash: unknown) {
  return { extensions: { persistedQuery: { version: 1, sha256Hash } } };
}

function reasons({ body }: Answer) {
  return (body.errors ?? []).map(({ extensions }) => extensions.reason ?? extensions.code);
}

function writeManifest(bodies: string[]) {
  const operations = bodies.map((body) => ({
    id: sha256(body),
    name: /\w+ (\w+)/.exec(body)?.[1],
    type: body.split(' ')[0],
    body,
  }));
  writeFileSync(file, JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }));
}
