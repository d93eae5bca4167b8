import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createTestIssuer, createTestProofKeys, reasonsOf } from '@signet/testing';
import { buildSchema, graphql, parse } from 'graphql';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { accessDirectives } from './access-directives.ts';
import {
  buildReviews,
  type GuardedService,
  sdl,
  serve,
  startGuardedService,
} from './guarded-service.test-support.ts';
import { openGuards } from './open-guards.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const start: typeof startGuardedService = async (framework, options) => {
  const service = await startGuardedService(framework, options);
  stops.push(service.stop);
  return service;
};
const ask = (service: GuardedService, query: string, token?: string, context = {}) =>
  service.keys.gateway('reviews').post(service.url, { query }, { context, ...(token && { token }) });

describe('a start', () => {
  const schemaOf = (text: string) =>
    buildSubgraphSchema([{ typeDefs: parse(accessDirectives + head + text) }]);
  const head = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
    import: ["@key", "@requires", "@external", "@authenticated", "@requiresScopes", "@composeDirective"])`;
  const protect = async (
    schema: Parameters<Awaited<ReturnType<typeof openGuards>>['protect']>[0],
    env = {},
  ) => {
    const guards = await openGuards({
      name: 'reviews',
      env: {
        ISSUER_URL: 'http://127.0.0.1:1',
        USER_JWKS_URL: 'http://127.0.0.1:1/',
        REQUIRE_PROOF: 'no',
        LOG_LEVEL: 'silent',
        ...env,
      },
    });
    stops.push(guards.stop);
    return guards.protect(schema);
  };

  it.each<[string, string, RegExp]>([
    [
      'a rule on an interface',
      'type Query { i: I @public } interface I @authenticated { a: ID } type T implements I @public { a: ID }',
      /I: is on an interface/,
    ],
    [
      'two platforms',
      'type Query @platform(is: USER) { a: ID @platform(is: PORTAL) }',
      /Query\.a: has two platforms/,
    ],
    [
      'a policy without a function',
      'extend schema @link(url: "https://specs.apollo.dev/policy/v0.1") type Query { a: ID @authenticated @federation__policy(policies: [["x"]]) }',
      /uses @federation__policy without importing it/,
    ],
  ])('is refused with %s', async (_title, text, fault) => {
    await expect(protect(schemaOf(text))).rejects.toThrow(fault);
  });

  it('is refused with a rule under another name, which would guard nothing', async () => {
    const renamed = head.replace('"@authenticated"', '{ name: "@authenticated", as: "@login" }');
    const schema = buildSubgraphSchema([
      { typeDefs: parse(`${accessDirectives}${renamed} type Query @public { a: ID @login }`) },
    ]);
    await expect(protect(schema)).rejects.toThrow(/imports @authenticated as @login: a rule keeps its name/);
  });

  it('is refused with a schema that is no subgraph', async () => {
    await expect(protect(buildSchema('type Query { a: ID }'))).rejects.toThrow(/does not answer \{ _service/);
  });

  it('is refused with an entity that nobody loads', async () => {
    await expect(
      protect(schemaOf('type Query { a: ID @public } type T @key(fields: "id") @public { id: ID }')),
    ).rejects.toThrow(/entity T has no __resolveReference/);
  });

  it('is refused twice for one set of guards', async () => {
    const service = await start('plain');
    expect(() => service.guards.protect(buildReviews([]))).toThrow(/guards are for one schema/);
  });

  it('takes a subgraph of federation 1, where directives are not imported', async () => {
    const text = `directive @authenticated on FIELD_DEFINITION | OBJECT
      type Query { a: ID @authenticated } extend type T @key(fields: "id") @authenticated { id: ID @external }`;
    const typeDefs = parse(text);
    const schema = buildSubgraphSchema([{ typeDefs, resolvers: { T: { __resolveReference: () => null } } }]);
    await expect(protect(schema)).resolves.toBe(schema);
  });

  it('names all faults of the settings at once, and no value of them', async () => {
    const env = { NODE_ENV: 'production', ISSUER_URL: 'nonsense', USER_JWKS_URL: 'http://keys.example/' };
    const message = await openGuards({ name: 'reviews', env }).then(String, String);
    expect(message).toContain('ISSUER_URL: must be an http or https URL');
    const valid = await openGuards({
      name: 'reviews',
      env: { ...env, ISSUER_URL: 'https://id.example' },
    }).then(String, String);
    for (const fault of [
      'USER_JWKS_URL: must be https',
      'REVOCATIONS_DATABASE_URL: is not set',
      'PROOF_KEY_FILE: is not set',
      'NONCES: is not set',
    ]) {
      expect(valid).toContain(fault);
    }
    const off = await openGuards({
      name: 'reviews',
      env: { ...env, ISSUER_URL: 'https://id.example', REQUIRE_PROOF: 'no' },
    }).then(String, String);
    expect(off).toContain('REQUIRE_PROOF: must not be no in production');
  });

  it('runs in production with what was confirmed, and says so in the log', async () => {
    const service = await start('plain', {
      env: { NODE_ENV: 'production', NONCES: 'memory', REVOCATIONS_OFF_IN_PRODUCTION: 'yes' },
    });
    expect(service.guards.introspection).toBe(false);
    expect(service.logged.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('after a logout, access tokens are valid until they expire'),
      expect.stringContaining('nonces of mutations are kept in this process'),
      expect.stringContaining('have no access rule'),
    ]);
    expect(
      (await ask(service, 'mutation { add(text: "x") }', await service.issuer.mintUserToken())).status,
    ).toBe(200);
  });
});

describe.each(['apollo', 'yoga'] as const)('in production, %s', (framework) => {
  it('shows nothing of its schema to a gateway that asks', async () => {
    const service = await start(framework, {
      env: { NODE_ENV: 'production', NONCES: 'memory', REVOCATIONS_OFF_IN_PRODUCTION: 'yes' },
    });
    const introspection = await ask(service, '{ __schema { queryType { name } } }');
    expect(introspection.body.data?.__schema).toBeUndefined();
    expect(introspection.body.errors?.[0]?.message).toMatch(/introspection/);
    const suggested = await ask(service, '{ opem }');
    expect(suggested.body.errors?.map(({ message }) => message)).toEqual([
      expect.not.stringMatching(/Did you mean|Query/),
    ]);
    expect((await ask(service, '{ open }')).body.data).toEqual({ open: 'open' });
  });
});

describe('a field without a rule', () => {
  it.each([
    ['deny', [undefined, undefined]],
    ['authenticated', [undefined, 'naked']],
    ['public', ['naked', 'naked']],
  ] as const)('follows DEFAULT_ACCESS=%s', async (DEFAULT_ACCESS, expected) => {
    const service = await start('plain', { env: { DEFAULT_ACCESS } });
    const token = await service.issuer.mintUserToken();
    const answers = [await ask(service, '{ naked }'), await ask(service, '{ naked }', token)];
    expect(answers.map(({ body }) => body.data?.naked ?? undefined)).toEqual(expected);
    // A rule that stands is not loosened.
    expect(reasonsOf(await ask(service, '{ mine }'))).toEqual(['auth.failure.missing_token']);
  });
});

describe('past the gate', () => {
  it('runs nothing: a context function that got no request', async () => {
    const service = await start('plain');
    expect(() => service.guards.context({})).toThrow(/proof/);
    expect(() => service.guards.context({ req: {} })).toThrow(/proof/);
  });

  it('runs nothing: a context without what the guards gave, or with a session of its own', async () => {
    const ran: string[] = [];
    const service = await start('plain');
    const guards = await openGuards({
      name: 'reviews',
      env: { ...service.issuer.environment, ...service.keys.environmentOf('reviews'), LOG_LEVEL: 'silent' },
      policies: { 'review.author': () => true },
    });
    stops.push(guards.stop);
    const schema = guards.protect(buildReviews(ran));
    const session = { platform: 'portal', staffId: 'x', scopes: new Set() };
    const run = (contextValue: unknown) =>
      graphql({ schema, source: '{ open mine _service { sdl } }', contextValue });
    for (const context of [undefined, {}, { session }]) {
      const { data, errors } = await run(context);
      expect(data?.open ?? null).toBeNull();
      expect(errors?.[0]?.message).toMatch(/does not hold what guards\.context/);
    }
    // A request that came by the gate, whose context was given another session (express-session's, for example).
    let admitted: object | undefined;
    const server = await serve(
      guards.listener((req, res) => {
        admitted = guards.context({ req });
        res.end('{}');
      }),
    );
    stops.push(server.stop);
    await service.keys.gateway('reviews').post(server.url, { query: '{ open }' });
    const { errors } = await run({ ...admitted, session });
    expect(errors?.map(({ message }) => message)).toEqual(
      Array(3).fill(expect.stringContaining('another `session`')),
    );
    expect((await run(admitted)).data).toMatchObject({ open: 'open', mine: null });
    expect(ran).toEqual(['open']);
  });

  it('runs no mutation that the gate did not read, and none twice', async () => {
    const service = await start('plain');
    const contexts: object[] = [];
    const ran: string[] = [];
    const guards = await openGuards({
      name: 'reviews',
      env: { ...service.issuer.environment, ...service.keys.environmentOf('reviews'), LOG_LEVEL: 'silent' },
      policies: { 'review.author': () => true },
    });
    stops.push(guards.stop);
    const schema = guards.protect(buildReviews(ran));
    const server = await serve(
      guards.listener((req, res) => {
        contexts.push(guards.context({ req }));
        res.end('{}');
      }),
    );
    stops.push(server.stop);
    const mutation = 'mutation { add(text: "x") }';
    const token = await service.issuer.mintUserToken();
    for (const query of ['{ open }', mutation]) {
      await service.keys.gateway('reviews').post(server.url, { query }, { token });
    }
    const run = async (contextValue: unknown) =>
      (await graphql({ schema, source: mutation, contextValue })).data;
    expect(await run(contexts[0])).toEqual({ add: null });
    expect(await run(contexts[1])).toEqual({ add: 'add x' });
    expect(await run(contexts[1])).toEqual({ add: null });
    expect(ran).toEqual(['add x']);
    // A field of the other platform, in an operation that the gate did not read.
    await service.keys.gateway('reviews', 'user').post(server.url, { query: '{ open }' });
    const { errors } = await graphql({ schema, source: '{ deskLogin }', contextValue: contexts[2] });
    expect(errors?.[0]?.extensions.reason).toBe('auth.failure.proof_invalid');
  });

  it('answers 500 where somebody else has read the body, and says in the log what to do', async () => {
    const service = await start('plain');
    const server = await serve(async (req, res) => {
      req.resume();
      await once(req, 'end');
      service.guards.gate(req, res, () => res.end('passed'));
    });
    stops.push(server.stop);
    const answer = await service.keys.gateway('reviews').post(server.url, { query: '{ open }' });
    expect([answer.status, reasonsOf(answer)]).toEqual([500, ['INTERNAL_SERVER_ERROR']]);
    expect(JSON.stringify(service.logged)).toContain('no body parser may stand before guards.gate');
  });
});

it('checks the target as it came, below a path that a router has cut off', async () => {
  const service = await start('plain');
  const server = await serve((req, res) => {
    const mounted = Object.assign(req, { originalUrl: req.url, url: '/' });
    service.guards.gate(mounted, res, () =>
      res.end(JSON.stringify({ data: (mounted as { body?: unknown }).body })),
    );
  });
  stops.push(server.stop);
  const { body } = await service.keys.gateway('reviews').post(server.url, { query: '{ open }' });
  expect(body.data).toEqual({ query: '{ open }' });
});

it('refuses what was signed too long ago, or later than now', async () => {
  // Signing and checking take time, which counts against the second.
  for (const seconds of [-31, 90]) {
    const service = await start('plain', { now: () => Date.now() + seconds * 1000 });
    const answer = await ask(service, '{ open }');
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
  }
});

it('answers 503 to a mutation whose nonce cannot be kept, and runs it not', async () => {
  const service = await start('apollo', {
    nonces: {
      use: async () => {
        throw new Error('the database is down');
      },
    },
  });
  const answer = await ask(service, 'mutation { add(text: "x") }', await service.issuer.mintUserToken());
  expect([answer.status, reasonsOf(answer), answer.headers.get('retry-after')]).toEqual([
    503,
    ['service.unavailable'],
    '2',
  ]);
  expect(service.ran).toEqual([]);
  expect((await ask(service, '{ open }')).status).toBe(200);
});

it('finds the tenant of a request, and refuses a token of another one', async () => {
  const [demo, globex] = ['0190d2a0-0000-7000-8000-000000000001', '0190d2a0-0000-7000-8000-000000000002'];
  const seen: unknown[] = [];
  const service = await start('plain', {
    tenants: {
      findId: async (slug) => (slug === 'demo' ? demo : slug === 'globex' ? globex : undefined),
      defaultSlug: 'demo',
    },
    build: () =>
      buildSubgraphSchema([
        {
          typeDefs: parse(accessDirectives + sdl),
          resolvers: {
            Query: {
              open: (_: unknown, __: unknown, context: { tenantId: string }) =>
                seen.push(context.tenantId) && 'open',
            },
            Review: { __resolveReference: () => null },
          },
        },
      ]),
  });
  const token = await service.issuer.mintUserToken({ tenantId: globex });
  await ask(service, '{ open }');
  await ask(service, '{ open }', token);
  expect(seen).toEqual([demo, globex]);
  expect(reasonsOf(await ask(service, '{ open }', token, { tenant: 'demo' }))).toEqual([
    'auth.tenant_mismatch',
  ]);
  expect(reasonsOf(await ask(service, '{ open }', undefined, { tenant: 'nowhere' }))).toEqual([
    'input.tenant',
  ]);
});

it('knows tokens of one platform alone, where keys of one are set', async () => {
  const issuer = await createTestIssuer();
  const keys = createTestProofKeys(['reviews']);
  stops.push(issuer.close, keys.remove);
  const { PORTAL_JWKS_URL: _, ...environment } = issuer.environment;
  const service = await start('plain', { env: { ...environment, PORTAL_JWKS_URL: undefined } });
  const answer = await ask(service, '{ open }', await service.issuer.mintPortalToken());
  expect(reasonsOf(answer)).toEqual(['auth.failure.issuer_mismatch']);
});

it('with REQUIRE_PROOF=no asks for no proof, and still for a token', async () => {
  const service = await start('yoga', {
    env: { REQUIRE_PROOF: 'no', PROOF_KEY_FILE: undefined, PROOF_PEERS_FILE: undefined },
  });
  const post = async (query: string) => {
    const response = await fetch(service.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return response.json();
  };
  expect(await post('{ open }')).toEqual({ data: { open: 'open' } });
  expect(await post('{ mine }')).toMatchObject({
    errors: [{ extensions: { reason: 'auth.failure.missing_token' } }],
  });
  expect(service.logged.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('REQUIRE_PROOF=no'));
});

it.each(['apollo', 'yoga', 'plain'] as const)(
  'with REQUIRE_PROOF=no answers on %s for its own hosts alone: a page may rebind its name',
  async (framework) => {
    const service = await start(framework, {
      env: {
        REQUIRE_PROOF: 'no',
        PROOF_KEY_FILE: undefined,
        PROOF_PEERS_FILE: undefined,
        ALLOWED_HOSTS: 'reviews.example',
      },
    });
    const post = async (host: string, path = new URL(service.url).pathname) => {
      const { hostname, port } = new URL(service.url);
      const headers = { 'content-type': 'application/json', host };
      const sent = request({ hostname, port, path, method: 'POST', headers });
      sent.end(JSON.stringify({ query: '{ open }' }));
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return [response.statusCode, JSON.parse(await text(response))];
    };
    const answered = [200, { data: { open: 'open' } }];
    for (const host of ['localhost:4010', '[::1]', 'Reviews.example:80']) {
      expect(await post(host)).toEqual(answered);
    }
    const before = service.ran.length;
    for (const host of [
      'attacker.example',
      'reviews.example.attacker.example',
      'localhost@attacker.example',
    ]) {
      expect(await post(host)).toMatchObject([421, { errors: [{ extensions: { code: 'BAD_REQUEST' } }] }]);
    }
    expect((await post('attacker.example', '/health/graphql'))[0]).toBe(421);
    expect(service.ran.length).toBe(before);
  },
);

describe('an issuer of ISSUERS_FILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-guards-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const ownVariables = { ISSUER_URL: undefined, USER_JWKS_URL: undefined, PORTAL_JWKS_URL: undefined };

  it('is enough: its tokens, scopes and ids are those of the session, and no others are known', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [jwk] }));
    const ISSUERS_FILE = join(folder, 'issuers.yaml');
    writeFileSync(
      ISSUERS_FILE,
      `issuers:
        - { issuer: 'https://login.example/', platform: user, audience: reviews, jwks: keys.json, claims: { scopes: permissions }, revocations: none }`,
    );
    const sign = (claims: object) =>
      new SignJWT({
        iss: 'https://login.example/',
        aud: 'reviews',
        sub: 'auth0|1',
        permissions: ['orders:write'],
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey);
    const service = await start('yoga', {
      env: { ...ownVariables, ISSUERS_FILE, NODE_ENV: 'production', NONCES: 'memory' },
    });
    const add = 'mutation { add(text: "x") }';
    expect((await ask(service, add, await sign({}))).body).toEqual({ data: { add: 'add x' } });
    expect(reasonsOf(await ask(service, add, await sign({ permissions: [] })))).toEqual(['authz.scope.deny']);
    expect(reasonsOf(await ask(service, '{ desk }', await sign({ platform: 'user' })))).toEqual([
      'authz.platform.deny',
    ]);
    expect(reasonsOf(await ask(service, '{ open }', await sign({ aud: 'other' })))).toEqual([
      'auth.failure.audience_mismatch',
    ]);
    expect(reasonsOf(await ask(service, '{ open }', await service.issuer.mintUserToken()))).toEqual([
      'auth.failure.issuer_mismatch',
    ]);
    const { status } = await service.keys
      .gateway('reviews', 'portal')
      .post(service.url, { query: '{ open }' }, { token: await sign({}) });
    expect(status).toBe(401);
  });

  it('must say in production that it has no revocations', async () => {
    const ISSUERS_FILE = join(folder, 'silent.yaml');
    writeFileSync(
      ISSUERS_FILE,
      `issuers:\n  - { issuer: 'https://login.example/', platform: user, audience: reviews, jwks: 'https://login.example/jwks' }\n`,
    );
    const opened = startGuardedService('plain', {
      env: { ...ownVariables, ISSUERS_FILE, NODE_ENV: 'production', NONCES: 'memory' },
    });
    await expect(opened).rejects.toThrow(/silent\.yaml.*revocations/s);
  });
});
