import { type GraphqlAnswer, postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createSeededHome,
  findFreePortBase,
  type HomeOnServer,
  type StartedProcess,
  startSignet,
} from './platform.test-support.ts';
import { portsFrom } from './ports.ts';

const password = 'correct horse battery staple';
type Door = 'graph' | 'user' | 'portal';
const offsets = { graph: 0, user: 1, portal: 2 };

let home: HomeOnServer;
let portBase: number;
let platform: StartedProcess;

const npmStart = (env: Record<string, string>) =>
  startSignet(['start'], { PORT_BASE: String(portBase), ...home.variables, ...env });

beforeAll(async () => {
  home = await createSeededHome();
  portBase = await findFreePortBase();
  platform = npmStart({
    SURFACE: 'production',
    STAFF_MFA: 'optional',
    USER_CORS_ORIGINS: 'https://frontend.example',
  });
  await platform.waitFor('Signet is ready');
});
afterAll(async () => {
  platform.child.kill('SIGTERM');
  await platform.exit();
  await home.remove();
});

const urlOf = (door: Door) => `http://localhost:${portBase + offsets[door]}`;
const ask = (door: Door, query: string, token?: string): Promise<GraphqlAnswer> =>
  postGraphql(`${urlOf(door)}/graphql`, { query }, token ? { token } : {});

async function signIn(field: 'login' | 'portalLogin', email: string): Promise<string> {
  const query = `mutation { ${field}(input: {email: "${email}", password: "${password}"}) { accessToken } }`;
  const { body } = await ask(field === 'login' ? 'user' : 'portal', query);
  return body.data[field].accessToken;
}

describe('SURFACE=production npm start', () => {
  test('says so, names no page, and works on the development data', async () => {
    expect(platform.output()).toMatch(/Surface\s+│ production/);
    expect(platform.output()).not.toMatch(/Sandbox|Explorer/);
    const answer = await ask('user', '{ me { email } }', await signIn('login', 'ada@example.com'));
    expect(answer.body).toEqual({ data: { me: { email: 'ada@example.com' } } });
  });

  test('shows its schema to staff at their entrance alone', async () => {
    const schema = '{ __schema { queryType { name } } }';
    const customer = await signIn('login', 'ada@example.com');
    const staff = await signIn('portalLogin', 'support@example.com');
    for (const [door, token] of [
      ['graph', undefined],
      ['graph', customer],
      ['graph', staff],
      ['user', undefined],
      ['user', customer],
      ['portal', undefined],
    ] as const) {
      expect(reasonsOf(await ask(door, schema, token))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    }
    expect((await ask('portal', schema, staff)).body).toEqual({
      data: { __schema: { queryType: { name: 'Query' } } },
    });
  });

  test.each([
    '{ mee { id } }',
    '{ customer { id } }',
    '{ customers(firs: 1) { totalCount } }',
    'query ($a: Usr) { me { id } }',
  ])('names nothing that %s did not', async (query) => {
    for (const door of ['graph', 'user', 'portal'] as const) {
      const text = JSON.stringify((await ask(door, query)).body.errors);
      expect(text).not.toMatch(/did you mean|ID!|"User|UserConnection|stack|node_modules|127\.0\.0\.1/i);
    }
  });

  test.each(['/explorer', '/sandbox', '/mailbox', '/page-files/', '/graphiql'])(
    'has nothing at %s',
    async (path) => {
      for (const door of ['graph', 'user', 'portal'] as const) {
        const response = await fetch(urlOf(door) + path, { headers: { accept: 'text/html' } });
        expect(response.status).toBe(404);
        expect(await response.text()).not.toMatch(/<html|ada@example/);
      }
    },
  );

  test('has the headers of an API, and listed origins only', async () => {
    const preflight = (door: Door, origin: string) =>
      fetch(`${urlOf(door)}/graphql`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    for (const door of ['graph', 'user', 'portal'] as const) {
      const { headers } = await ask(door, '{ __typename }');
      expect(headers.get('cache-control')).toBe('private, no-store');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('server') ?? headers.get('x-powered-by')).toBeNull();
      // An origin of frontends in development.
      expect(
        (await preflight(door, 'http://localhost:3000')).headers.get('access-control-allow-origin'),
      ).toBeNull();
      const allowed = (await preflight(door, 'https://frontend.example')).headers.get(
        'access-control-allow-origin',
      );
      expect(allowed).toBe(door === 'user' ? 'https://frontend.example' : null);
    }
  });

  test('opens no subgraph to a caller who is not a gateway', async () => {
    for (const port of Object.values(portsFrom(portBase).subgraphs)) {
      const answer = await postGraphql(`http://127.0.0.1:${port}/graphql`, {
        query: '{ _service { sdl } }',
      });
      expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_missing']]);
    }
  });
});

test.each([
  ['REQUIRE_PROOF', { REQUIRE_PROOF: 'false' }],
  ['ACCESS_DRY_RUN', { ACCESS_DRY_RUN: 'yes' }],
  ['SURFACE', { SURFACE: 'none' }],
  ['MAIL_URL', { MAIL_URL: 'mailbox:' }],
])('does not start with the production surface and a wrong %s, and names it', async (variable, env) => {
  const refused = npmStart({ SURFACE: 'production', ...env });
  expect((await refused.exit()).code).toBe(1);
  expect(refused.output()).toMatch(new RegExp(`^\\s*${variable}: must `, 'm'));
  expect(refused.output()).not.toContain('Signet is ready');
});
