import { type Caller, itIsForStaff, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const lookup = `query ($requestId: String!) { refusal(requestId: $requestId) { state keptSince refusals {
  requestId side entrance reason status isPartial operationName route clientName role network serviceId
  customer { id } staff { id } unnamed { reason }
  checks { check result refused { reason text field subgraph count heldScopes signInAge found allowed retryAfterSeconds
    conditions { kind anyOf seconds isMet roles } } }
} } }`;
const list = `query ($filter: RefusalFilter, $first: Int! = 20, $after: String) { refusals(first: $first, after: $after, filter: $filter) {
  pageInfo { hasNextPage endCursor } edges { node { requestId reason } } } }`;

let subgraph: TestSubgraph;
let support: Caller;
let boss: Caller;
let ada: string;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  support = await subgraph.addStaff('support');
  boss = await subgraph.addStaff('super_admin');
  const [row] = await subgraph.database.query<{ id: string }>(
    `insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, 'ada@example.com', 'x', 'x') returning id`,
    [subgraph.tenants.demo],
  );
  ada = row?.id ?? '';
  await subgraph.database.query(`update auth.refusals_kept set since = now() - interval '7 days'`);
  await addReporter('user', '7 days', '0');
});
afterAll(() => subgraph.stop());

/** A process of a gateway, from when to when it has reported what it refused. */
async function addReporter(platform: string, since: string, until: string, isOver = false): Promise<string> {
  const source = crypto.randomUUID();
  await subgraph.database.query(
    `insert into auth.refusal_reporter (platform, source, entrance, since, until, is_over)
     values ($1, $2, 'graph', now() - $3::interval, now() - $4::interval, $5)`,
    [platform, source, since, until, isOver],
  );
  return source;
}

let next = 0;
type Written = {
  requestId?: string;
  tenant?: string;
  account?: string;
  platform?: string;
  kind?: string;
  reason?: string;
  details?: object;
};
async function write({
  platform = 'user',
  tenant = subgraph.tenants.demo,
  ...more
}: Written): Promise<string> {
  next += 1;
  const requestId = more.requestId ?? `r-${next}`;
  const details = { isPartial: false, hasToken: true, network: '192.0.2.1', refusals: [], ...more.details };
  await subgraph.database.query(
    `insert into auth.refusal_record (platform, tenant_id, request_id, happened_at, entrance, caller, account_id, caller_kind, status, reason, details)
     values ($1, $2, $3, now(), 'graph', 'x', $4, $5, 403, $6, $7)`,
    [
      platform,
      tenant,
      requestId,
      more.account ?? null,
      more.kind ?? null,
      more.reason ?? 'authz.scope.deny',
      details,
    ],
  );
  return requestId;
}
async function look(requestId: string, caller = support) {
  const { body } = await subgraph.ask(lookup, { requestId }, caller);
  expect(body.errors).toBeUndefined();
  return body.data.refusal;
}
/** An id as an entrance makes it, so many seconds ago. */
const idOf = (secondsAgo: number) => {
  const time = (Date.now() - secondsAgo * 1000).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${crypto.randomUUID().slice(24)}`;
};

describe('refusal', () => {
  it('shows each check in its order, the one that refused, what it asked for and what the caller had', async () => {
    const requestId = await write({
      account: ada,
      details: {
        scopes: ['profile:read'],
        signInAge: 900,
        refusals: [
          {
            check: 'RULES',
            code: 'FORBIDDEN',
            reason: 'authz.scope.deny',
            field: 'Query.customers',
            count: 1,
            rule: [
              { kind: 'platform', anyOf: [['portal']], isMet: true },
              { kind: 'scopes', anyOf: [['customers:write']], isMet: false },
            ],
          },
        ],
      },
    });
    const { state, refusals } = await look(requestId);
    expect(state).toBe('RECORDED');
    expect(refusals).toMatchObject([{ requestId, customer: { id: ada }, staff: null, network: '192.0.2.1' }]);
    const results = new Map(
      refusals[0].checks.map(({ check, result }: Record<string, string>) => [check, result]),
    );
    expect([...results.keys()].slice(0, 2)).toEqual(['HOST', 'ROOM']);
    expect(
      ['HOST', 'TOKEN_SIGNATURE', 'VARIABLES', 'RULES', 'SUBGRAPH', 'OBJECT', 'FAULT'].map((name) =>
        results.get(name),
      ),
    ).toEqual(['PASSED', 'PASSED', 'PASSED', 'REFUSED', 'NOT_REACHED', 'NOT_REACHED', 'NOT_REACHED']);
    expect(refusals[0].checks.find(({ check }: { check: string }) => check === 'RULES').refused).toEqual([
      {
        reason: 'authz.scope.deny',
        text: 'The access token lacks a scope that this field requires.',
        field: 'Query.customers',
        subgraph: null,
        count: 1,
        heldScopes: ['profile:read'],
        signInAge: 900,
        found: null,
        allowed: null,
        retryAfterSeconds: null,
        conditions: [
          { kind: 'platform', anyOf: [['portal']], seconds: null, isMet: true, roles: [] },
          {
            kind: 'scopes',
            anyOf: [['customers:write']],
            seconds: null,
            isMet: false,
            roles: ['operations', 'super_admin'],
          },
        ],
      },
    ]);
  });

  it('shows several subgraphs that refused, and the others of their checks as passed', async () => {
    const refused = { code: 'FORBIDDEN', count: 2 };
    const requestId = await write({
      details: {
        isPartial: true,
        hasToken: false,
        refusals: [
          { ...refused, check: 'OBJECT', reason: 'authz.permission.deny', subgraph: 'a' },
          { ...refused, check: 'GUARD', reason: 'authz.scope.deny', subgraph: 'b' },
        ],
      },
    });
    const [one] = (await look(requestId)).refusals;
    const resultOf = (name: string) =>
      one.checks.find(({ check }: { check: string }) => check === name).result;
    expect(['TOKEN_FORM', 'RULES', 'GUARD', 'INPUT', 'OBJECT'].map(resultOf)).toEqual([
      'NOT_NEEDED',
      'PASSED',
      'REFUSED',
      'PASSED',
      'REFUSED',
    ]);
  });

  it('shows of an OAuth route the checks of such a request alone, each after the other', async () => {
    const refusals = [
      { check: 'CREDENTIALS', code: 'invalid_client', reason: 'oauth.unknown_key', count: 1 },
    ];
    const stranger = await write({ details: { hasToken: false, oauth: 'token', refusals } });
    const [one] = (await look(stranger)).refusals;
    expect(one).toMatchObject({ route: '/oauth/user/token', serviceId: null, operationName: null });
    const resultsOf = ({ checks }: { checks: { check: string; result: string }[] }) =>
      Object.fromEntries(checks.map(({ check, result }) => [check, result]));
    expect(resultsOf(one)).toEqual({
      HOST: 'PASSED',
      ROOM: 'PASSED',
      ROUTE: 'PASSED',
      BODY: 'PASSED',
      PLACE: 'PASSED',
      SUBGRAPH: 'PASSED',
      FORM: 'PASSED',
      ATTEMPTS: 'PASSED',
      CREDENTIALS: 'REFUSED',
      GUARD: 'NOT_REACHED',
      INPUT: 'NOT_REACHED',
      FAULT: 'NOT_REACHED',
    });
    const { refused } = one.checks.find(({ check }: { check: string }) => check === 'CREDENTIALS');
    expect(refused).toMatchObject([{ reason: 'oauth.unknown_key', text: expect.stringContaining('kid') }]);
    // A client that proved itself and asks too often.
    const throttled = [
      { check: 'ATTEMPTS', code: 'temporarily_unavailable', reason: 'auth.throttled', count: 1 },
    ];
    const own = await write({
      account: ada,
      kind: 'service',
      details: { oauth: 'token', refusals: throttled },
    });
    const [other] = (await look(own)).refusals;
    expect(other.serviceId).toBe(ada);
    expect(resultsOf(other)).toMatchObject({
      ATTEMPTS: 'REFUSED',
      CREDENTIALS: 'PASSED',
      INPUT: 'NOT_REACHED',
    });
  });

  it('guesses no check where none was noted', async () => {
    const requestId = await write({
      details: { refusals: [{ code: 'FORBIDDEN', reason: 'authz.permission.deny', count: 1 }] },
    });
    const [one] = (await look(requestId)).refusals;
    expect(one.unnamed).toEqual([{ reason: 'authz.permission.deny' }]);
    expect(new Set(one.checks.map(({ result }: { result: string }) => result))).toEqual(new Set(['UNKNOWN']));
  });

  it('of another member of staff is for those who may read the audit log', async () => {
    const requestId = await write({ platform: 'portal', account: boss.id });
    expect(await look(requestId)).toMatchObject({ state: 'OF_STAFF', refusals: [] });
    expect((await look(requestId, boss)).refusals).toMatchObject([{ staff: { id: boss.id } }]);
    const own = await write({ platform: 'portal', account: support.id });
    expect((await look(own)).refusals).toMatchObject([{ staff: { id: support.id }, network: '192.0.2.1' }]);
    const strange = await write({ platform: 'portal' });
    expect((await look(strange)).refusals).toMatchObject([{ staff: null, network: null }]);
  });

  it('of another tenant does not exist', async () => {
    const requestId = await write({ requestId: idOf(60), tenant: subgraph.tenants.globex });
    expect(await look(requestId, boss)).toMatchObject({ state: 'NOT_REFUSED', refusals: [] });
  });

  it.each([
    ['an id of a minute ago', 60, 'NOT_REFUSED'],
    ['an id of a second ago', 1, 'PENDING'],
    ['an id of last week', 8 * 86_400, 'TOO_OLD'],
    ['an id of a minute in which some were left out', 3600, 'LEFT_OUT'],
    ['an id of tomorrow', -86_400, 'UNKNOWN_ID'],
  ])('of which there is no record says what that means: %s', async (_told, secondsAgo, state) => {
    await subgraph.database.query(
      `insert into auth.refusals_left_out values ('user', date_trunc('minute', now() - interval '1 hour'), 3) on conflict do nothing`,
    );
    expect((await look(idOf(secondsAgo))).state).toBe(state);
  });

  it.each([
    ['a gateway that cannot report now', ['user', '1 hour', '10 minutes'], 300, 'LEFT_OUT'],
    ['a gateway that could not report since a moment', ['user', '1 hour', '40 seconds'], 20, 'PENDING'],
    ['a gateway that was killed', ['portal', '1 hour', '10 minutes'], 400, 'LEFT_OUT'],
    ['and all before', ['portal', '1 hour', '10 minutes'], 700, 'NOT_REFUSED'],
    ['a gateway that stopped', ['user', '1 hour', '10 minutes', true], 300, 'NOT_REFUSED'],
    ['a gateway that was killed two hours ago', ['user', '5 hours', '2 hours'], 300, 'NOT_REFUSED'],
    ['a side whose only gateway was killed long ago', ['portal', '20 hours', '10 hours'], 7200, 'LEFT_OUT'],
    ['a gateway that began later', ['user', '1 minute', '0 seconds'], 300, 'NOT_REFUSED'],
  ] as const)(
    'calls a request not refused only where it is known: %s',
    async (_told, reporter, secondsAgo, state) => {
      const source = await addReporter(...(reporter as unknown as Parameters<typeof addReporter>));
      try {
        expect((await look(idOf(secondsAgo))).state).toBe(state);
      } finally {
        await subgraph.database.query('delete from auth.refusal_reporter where source = $1', [source]);
      }
    },
  );

  it('calls nothing not refused where no gateway reports, as with proofs turned off', async () => {
    const rows = await subgraph.database.query('delete from auth.refusal_reporter returning *');
    expect((await look(idOf(300))).state).toBe('LEFT_OUT');
    for (const { platform, source, since, until, is_over: isOver } of rows)
      await subgraph.database.query(
        `insert into auth.refusal_reporter (platform, source, entrance, since, until, is_over) values ($1, $2, 'graph', $3, $4, $5)`,
        [platform, source, since, until, isOver],
      );
  });

  it('says of an id that no entrance makes that nobody can tell, and refuses what is none', async () => {
    expect((await look('edge-7')).state).toBe('UNKNOWN_ID');
    for (const requestId of ['', 'a b', 'x'.repeat(201)])
      expect(reasonsOf(await subgraph.ask(lookup, { requestId }, support))).toEqual(['input.requestId']);
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: lookup, variables: { requestId: 'x' } },
    scope: 'refusals:read',
  });
});

describe('refusals', () => {
  it('are the latest of the tenant, by reason and account, a page at a time, without those of other staff', async () => {
    const reason = 'request.document';
    const own = [await write({ reason }), await write({ reason, account: ada }), await write({ reason })];
    await write({ reason, platform: 'portal', account: boss.id });
    await write({ reason, tenant: subgraph.tenants.globex });
    const ask = async (variables: object, caller = support) =>
      (await subgraph.ask(list, variables as Record<string, unknown>, caller)).body.data.refusals;
    const idsOf = ({ edges }: { edges: { node: { requestId: string } }[] }) =>
      edges.map(({ node }) => node.requestId);
    const first = await ask({ first: 2, filter: { reason } });
    const rest = await ask({ first: 2, after: first.pageInfo.endCursor, filter: { reason } });
    expect([...idsOf(first), ...idsOf(rest)]).toEqual(own.toReversed());
    expect(rest.pageInfo.hasNextPage).toBe(false);
    expect(idsOf(await ask({ filter: { reason, accountId: ada } }))).toEqual([own[1]]);
    expect(idsOf(await ask({ filter: { reason } }, boss))).toHaveLength(4);
    const { body } = await subgraph.ask('{ refusalReasons { reason count } }', {}, support);
    expect(body.data.refusalReasons).toContainEqual({ reason, count: 3 });
  });

  it('are found and counted without those of some reasons, each of which its own filter and its id still find', async () => {
    const reason = 'auth.failure.missing_token';
    const everyday = [await write({ reason }), await write({ reason })];
    const real = await write({ reason: 'request.limit.cost' });
    const idsOf = async (filter: object) =>
      (await subgraph.ask(list, { first: 100, filter }, support)).body.data.refusals.edges.map(
        ({ node }: { node: { requestId: string } }) => node.requestId,
      );
    const others = await idsOf({ exceptReasons: [reason] });
    expect(others).toContain(real);
    expect(others.filter((id: string) => everyday.includes(id))).toEqual([]);
    expect(await idsOf({})).toEqual(expect.arrayContaining([...everyday, real]));
    expect(await idsOf({ reason })).toEqual(everyday.toReversed());
    expect(await idsOf({ exceptReasons: [reason, 'request.limit.cost'] })).not.toContain(real);
    const { body } = await subgraph.ask(lookup, { requestId: everyday[0] }, support);
    expect(body.data.refusal.state).toBe('RECORDED');
    for (const exceptReasons of [['no such'], Array(21).fill(reason)])
      expect(reasonsOf(await subgraph.ask(list, { filter: { exceptReasons } }, support))).toEqual([
        'input.exceptReasons',
      ]);
  });
});
