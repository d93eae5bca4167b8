import { readRuleBook } from '@signet/access';
import { createLogger } from '@signet/service';
import { type GraphqlAnswer, postGraphql, reasonsOf } from '@signet/testing';
import { buildSchema, parse } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestGateway, type TestGateway, type Who } from '../entrance/entrance.test-support.ts';
import { createAccessGuard, createOperationGuards } from './access-guard.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());
afterEach(() => {
  gateway.takeCalls();
});

type Request = Parameters<typeof postGraphql>[1] & { operationName?: string };
function ask(who: Who, request: Request | string, headers: Record<string, string> = {}, to = gateway) {
  return postGraphql(`${to.urls.graph}/graphql`, typeof request === 'string' ? { query: request } : request, {
    headers,
    ...(who !== 'anonymous' && { token: to.tokens[who] }),
  });
}
const placesOf = ({ body }: GraphqlAnswer) =>
  (body.errors ?? []).map(({ path, extensions }) => `${path?.join('.')} ${extensions.reason}`).sort();

const missing = 'auth.failure.missing_token';
const wrongPlatform = 'authz.platform.deny';
const mixed =
  '{ health: portalHealth me { email } products(first: 1) { edges { node { id name } } } dashboard { customers } }';

describe('an operation that the caller may not have as a whole', () => {
  it('is refused with every path, and no subgraph is called', async () => {
    const customer = await ask('customer', mixed);
    expect(placesOf(customer)).toEqual([
      `dashboard ${wrongPlatform}`,
      `dashboard.customers ${wrongPlatform}`,
      `health ${wrongPlatform}`,
    ]);
    expect(customer.body).not.toHaveProperty('data');
    expect(customer.body.errors?.[0]?.message).toBe(
      "This field requires a 'portal' token. Received a 'user' token.",
    );
    expect(customer.body.errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN', reason: wrongPlatform });
    const anonymous = await ask('anonymous', mixed);
    expect(placesOf(anonymous)).toEqual([
      `dashboard ${missing}`,
      `dashboard.customers ${missing}`,
      `health ${missing}`,
      `me ${missing}`,
      `me.email ${missing}`,
    ]);
    expect(placesOf(await ask('limited', '{ portalHealth dashboard { customers } }'))).toEqual([
      'dashboard authz.scope.deny',
      'dashboard.customers authz.scope.deny',
    ]);
    expect(gateway.takeCalls()).toEqual([]);
  });

  it.each(['application/json', 'application/graphql-response+json', '*/*'])(
    'is 401 where a token is missing and 403 else, for Accept: %s',
    async (accept) => {
      const anonymous = await ask('anonymous', '{ portalHealth }', { accept });
      expect(anonymous.status).toBe(401);
      // No error code: there were no credentials (RFC 6750, section 3.1).
      expect(anonymous.headers.get('www-authenticate')).toBe('Bearer');
      const customer = await ask('customer', '{ portalHealth }', { accept });
      expect(customer.status).toBe(403);
      expect(customer.headers.get('www-authenticate')).toBeNull();
      const type = accept === 'application/graphql-response+json' ? accept : 'application/json';
      expect(customer.headers.get('content-type')).toContain(type);
      expect(reasonsOf(customer)).toEqual([wrongPlatform]);
      expect(gateway.takeCalls()).toEqual([]);
    },
  );

  it('is refused for mutations, and by GET', async () => {
    expect(
      reasonsOf(await ask('customer', 'mutation { shipped: markOrderShipped(id: "x") { id } }')),
    ).toContain(wrongPlatform);
    const response = await fetch(`${gateway.urls.graph}/graphql?query={portalHealth}`, {
      headers: { 'apollo-require-preflight': 'yes' },
    });
    expect(response.status).toBe(401);
    expect(gateway.takeCalls()).toEqual([]);
  });

  it('is refused when it unfolds without end, to staff as well', async () => {
    const fragments = Array.from(
      { length: 20 },
      (_, i) => `fragment F${i} on Category { name ...F${i + 1} ... { ...F${i + 1} } }`,
    );
    const query = `{ products(first: 1) { edges { node { category { ...F0 } } } } } ${fragments.join(' ')} fragment F20 on Category { name }`;
    for (const accept of ['application/json', '*/*']) {
      const answer = await ask('staff', query, { accept });
      expect(reasonsOf(answer)).toEqual(['request.limit.fields']);
      expect(answer.status).toBe(400);
    }
    expect(gateway.takeCalls()).toEqual([]);
  });
});

describe('an operation that the caller may have', () => {
  it('is sent and answered', async () => {
    const staff = await ask('staff', '{ portalHealth dashboard { customers } }');
    expect(staff.body).toEqual({ data: { portalHealth: 'x', dashboard: { customers: 1 } } });
    expect((await ask('customer', '{ me { email } }')).body).toEqual({ data: { me: { email: 'x' } } });
    const anonymous = await ask('anonymous', '{ products(first: 1) { edges { node { name } } } }');
    expect(anonymous.body.data.products.edges).toEqual([{ node: { name: 'x' } }]);
    expect(gateway.takeCalls()).toEqual(expect.arrayContaining(['portal', 'auth']));
  });

  it('is so by its variables, their defaults, and its name', async () => {
    const query = `query Both($asStaff: Boolean! = false) {
      products(first: 1) { totalCount } portalHealth @include(if: $asStaff) }
      query Staff { portalHealth } query Shop { products(first: 1) { totalCount } }`;
    const told = async (request: object) => (await ask('customer', { query, ...request })).status;
    expect(await told({ operationName: 'Both' })).toBe(200);
    expect(await told({ operationName: 'Both', variables: { asStaff: false } })).toBe(200);
    expect(await told({ operationName: 'Both', variables: { asStaff: true } })).toBe(403);
    expect(await told({ operationName: 'Staff' })).toBe(403);
    expect(await told({ operationName: 'Shop' })).toBe(200);
  });
});

describe('variables that do not coerce', () => {
  const query = 'query ($id: ID!, $yes: Boolean! = true) { customer(id: $id) @include(if: $yes) { email } }';

  it.each<[string, Record<string, unknown>]>([
    ['a missing one', {}],
    ['one of another type', { id: { a: 1 } }],
    ['a gate that is no Boolean', { id: 'x', yes: 'false' }],
    ['a null', { id: 'x', yes: null }],
  ])('are bad input and no refusal: %s', async (_, variables) => {
    for (const who of ['anonymous', 'customer', 'staff'] as const) {
      const { body } = await ask(who, { query, variables });
      expect(body.errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
      expect(body.data ?? null).toBeNull();
    }
    expect(gateway.takeCalls()).toEqual([]);
  });

  it('send nothing where a null stands at a gate that has a default', async () => {
    const nullable =
      'query ($no: Boolean = false) { products(first: 1) { totalCount } portalHealth @skip(if: $no) }';
    const answer = await ask('customer', { query: nullable, variables: { no: null } });
    expect(answer.body.data ?? null).toBeNull();
    expect(gateway.takeCalls()).toEqual([]);
  });
});

describe('one document', () => {
  const expected: Record<Who, number> = {
    anonymous: 401,
    customer: 403,
    staff: 200,
    limited: 403,
    aged: 200,
    job: 403,
    portalJob: 403,
    acted: 403,
  };
  const orders = (['anonymous', 'customer', 'staff'] as const).flatMap((a, _, all) =>
    all.filter((b) => b !== a).map((b) => [a, b, ...all.filter((c) => c !== a && c !== b)] as const),
  );
  const askAll = async (order: readonly Who[], query: string) => {
    for (const who of [...order, ...order]) {
      expect(`${who} ${(await ask(who, query)).status}`).toBe(`${who} ${expected[who]}`);
    }
  };

  it.each(orders)('is decided for each caller alone, asked by %s, %s, %s and again', async (...order) => {
    // A document that this gateway has not seen, and one that all of them share.
    await askAll(order, `query ${order.join('_')} { portalHealth dashboard { customers } }`);
    await askAll(order, '{ dashboard { customers } }');
  });

  it('is decided for each alone at the same time', async () => {
    const callers: Who[] = Array.from(
      { length: 15 },
      () => ['anonymous', 'customer', 'staff', 'limited'] as const,
    ).flat();
    const answers = await Promise.all(
      callers.map((who) => ask(who, 'query Together { dashboard { customers } }')),
    );
    expect(answers.map(({ status }) => status)).toEqual(callers.map((who) => expected[who]));
    for (const [index, { body }] of answers.entries()) {
      expect(body.data ?? null).toEqual(callers[index] === 'staff' ? { dashboard: { customers: 1 } } : null);
    }
  });
});

describe('a field that asks for a recent sign-in', () => {
  const change = 'mutation { changeStaffRole(id: "x", role: support) { id } }';
  const stepUp = (maxAge: number) => ({
    code: 'FORBIDDEN',
    reason: 'authz.step_up.required',
    stepUp: { maxAge },
  });
  const challengeOf = ({ headers }: GraphqlAnswer) =>
    /^Bearer error="insufficient_user_authentication", error_description="[\w ]+", max_age="(\d+)"$/.exec(
      headers.get('www-authenticate') ?? '',
    )?.[1];
  const extensionsOf = ({ body }: GraphqlAnswer) => (body.errors ?? []).map(({ extensions }) => extensions);

  it.each(['application/json', 'application/graphql-response+json', '*/*'])(
    'is 401 with the challenge of RFC 9470 where it was too long ago, for Accept: %s; no subgraph is called',
    async (accept) => {
      const answer = await ask('aged', change, { accept });
      expect([answer.status, challengeOf(answer)]).toEqual([401, '300']);
      expect(extensionsOf(answer)).toEqual([stepUp(300)]);
      expect(answer.body).not.toHaveProperty('data');
      expect(gateway.takeCalls()).toEqual([]);
    },
  );

  it('is answered after a recent one, and refused in the same document to the other caller, in both lanes', async () => {
    for (const who of ['staff', 'staff', 'aged', 'staff', 'aged'] as const) {
      const answer = await ask(who, '{ payroll }');
      expect([answer.status, answer.body.data?.payroll]).toEqual(
        who === 'staff' ? [200, 1] : [401, undefined],
      );
      expect(gateway.takeCalls()).toEqual(who === 'staff' ? ['portal'] : []);
    }
  });

  it('names with several of them the most recent sign-in that one asks for', async () => {
    const answer = await ask('aged', '{ bonus payroll portalHealth }');
    expect([answer.status, challengeOf(answer)]).toEqual([401, '600']);
    expect(answer.body.errors?.map(({ path, extensions }) => [path, extensions])).toEqual([
      [['bonus'], stepUp(900)],
      [['payroll'], stepUp(600)],
    ]);
  });

  it('says what no sign-in changes first, with its status and without the challenge', async () => {
    const answer = await ask('aged', '{ payroll me { id } }');
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([403, null]);
    expect(answer.body.errors?.map(({ extensions }) => extensions.reason)).toEqual([
      'authz.platform.deny',
      'authz.step_up.required',
    ]);
    expect(reasonsOf(await ask('limited', change))).toEqual(['authz.scope.deny']);
    const anonymous = await ask('anonymous', change);
    expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(reasonsOf(await ask('customer', '{ payroll }'))).toEqual([wrongPlatform]);
  });

  it('is left alone where it is left out', async () => {
    const query = 'query ($with: Boolean!) { portalHealth payroll @include(if: $with) }';
    expect((await ask('aged', { query, variables: { with: false } })).status).toBe(200);
    expect((await ask('aged', { query, variables: { with: true } })).status).toBe(401);
    gateway.takeCalls();
  });
});

it('asks for a token first, whatever else is wrong', async () => {
  const schema = buildSchema('type Query { naked: Int forStaff: Int }');
  const rules = readRuleBook(parse('type Query { naked: Int forStaff: Int @platform(is: PORTAL) }'));
  const reports = { add() {} };
  const plugin = createAccessGuard({
    guards: createOperationGuards(rules),
    logger: createLogger('test', 'silent'),
    dryRun: false,
    reports,
  });
  const statusOf = async (query: string) => {
    const document = parse(query);
    const [operation] = document.definitions;
    const contextValue = { session: { platform: 'none' } };
    const context = { schema, document, operation, request: {}, contextValue } as never;
    const listener = await plugin.requestDidStart?.(context);
    return (await listener?.responseForOperation?.(context))?.http.status;
  };
  expect(await statusOf('{ naked forStaff }')).toBe(401);
  expect(await statusOf('{ naked }')).toBe(403);
});

it("logs a caller's refusals once a minute, and the last ones when it stops", async () => {
  const logger = createLogger('test', 'silent');
  const info = vi.spyOn(logger, 'info');
  const gateway = await startTestGateway({}, logger);
  try {
    for (let n = 0; n < 5; n++) await ask('customer', '{ portalHealth }', {}, gateway);
    expect(info.mock.calls.filter(([, text]) => text === 'access refused')).toHaveLength(1);
  } finally {
    await gateway.stop();
  }
  const lines = info.mock.calls.filter(([, text]) => text === 'access refused');
  const fields = lines.map(([each]) => each as unknown as { operations: number; requestId: string });
  expect(fields.map(({ operations }) => operations)).toEqual([1, 4]);
  // Of the first one, and of the last.
  const ids = fields.map(({ requestId }) => requestId);
  expect(ids).toEqual([expect.stringMatching(/^[\da-f-]{36}$/), expect.stringMatching(/^[\da-f-]{36}$/)]);
  expect(ids[0]).not.toBe(ids[1]);
});

it('only logs in a dry run', async () => {
  const logger = createLogger('test', 'silent');
  const info = vi.spyOn(logger, 'info');
  const dry = await startTestGateway({ ACCESS_DRY_RUN: 'yes' }, logger);
  try {
    const answer = await ask('customer', '{ portalHealth }', {}, dry);
    expect(answer.body).toEqual({ data: { portalHealth: 'x' } });
    expect(dry.takeCalls()).toEqual(['portal']);
    expect(info).toHaveBeenCalledWith(
      {
        dryRun: true,
        requestId: expect.any(String),
        traceId: undefined,
        count: 1,
        refused: [{ coordinate: 'Query.portalHealth', reason: wrongPlatform }],
      },
      'access refused',
    );
  } finally {
    await dry.stop();
  }
});
