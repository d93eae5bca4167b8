import { parse, validate } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { createAccessMatrix, formatAccessMatrix } from './access-matrix.ts';
import { findAccessFaults } from './check/find-access-faults.ts';
import { type Condition, implies, judgeSession } from './conditions.ts';
import { ask, buildGuarded, refer } from './guarded-subgraph.test-support.ts';
import { withoutAddedRoles } from './matrix-columns.test-support.ts';
import { compileOperationGuard } from './operation-guard.ts';
import { conditionsOf, mergeBooks, readRuleBook, withDefaultAccess } from './rule-book.ts';
import {
  anonymousSession,
  impersonatedSession,
  portalSession,
  serviceSession,
  userSession,
} from './sessions.test-support.ts';

const admits = (...are: ('person' | 'service' | 'impersonated')[]): Condition => ({ kind: 'callers', are });
const everybody = {
  customer: userSession('ada', ['customers:read']),
  staff: portalSession(['customers:read']),
  'user service': serviceSession('user', ['customers:read']),
  'portal service': serviceSession('portal', ['customers:read']),
  impersonated: impersonatedSession('ada', ['customers:read']),
};
const deny = 'authz.caller.deny';

/** Who passes the rule of `T.a`. */
function passing(sdl: string): string[] {
  const conditions = conditionsOf(readRuleBook(parse(sdl)), 'T', 'a');
  if (conditions === undefined) return [];
  return Object.entries(everybody).flatMap(([name, session]) =>
    judgeSession(conditions, session) === undefined ? [name] : [],
  );
}
const persons = ['customer', 'staff'];
const services = ['user service', 'portal service'];

describe('a rule admits', () => {
  it.each([
    ['@authenticated', persons],
    ['@requiresScopes(scopes: [["customers:read"]])', persons],
    ['@policy(policies: [["p"]])', persons],
    ['@recentAuth(seconds: 300)', []],
    ['@platform(is: USER)', ['customer']],
    ['@platform(is: PORTAL)', ['staff']],
    ['@public', [...persons, ...services, 'impersonated']],
    ['@public @authenticated', persons],
    ['@authenticated @callers(are: [PERSON, SERVICE])', [...persons, ...services]],
    ['@authenticated @callers(are: SERVICE)', services],
    ['@authenticated @callers(are: [IMPERSONATED, PERSON])', [...persons, 'impersonated']],
    ['@callers(are: [SERVICE])', services],
    ['@public @callers(are: [SERVICE])', services],
    ['@platform(is: PORTAL) @callers(are: [SERVICE])', ['portal service']],
    ['@platform(is: USER) @callers(are: [SERVICE, IMPERSONATED])', ['user service', 'impersonated']],
    ['@authenticated @callers(are: [PERSON, SERVICE]) @callers(are: [SERVICE, IMPERSONATED])', services],
    [
      '@authenticated @callers(are: [PERSON, SERVICE]) @callers(are: [SERVICE]) @callers(are: [PERSON, SERVICE])',
      services,
    ],
    // Nobody but a person signs in.
    ['@recentAuth(seconds: 300) @callers(are: [PERSON, SERVICE, IMPERSONATED])', []],
  ])('%s: %j', (rule, expected) => {
    expect(passing(`type T { a: Int ${rule} }`)).toEqual(expected);
    expect(passing(`type T ${rule} { a: Int }`)).toEqual(expected);
  });

  it('whom both type and field admit', () => {
    const rule = (type: string, field: string) => passing(`type T ${type} { a: Int ${field} }`);
    expect(rule('@authenticated', '@authenticated @callers(are: [PERSON, SERVICE])')).toEqual(persons);
    expect(rule('@authenticated @callers(are: [PERSON, SERVICE])', '@platform(is: PORTAL)')).toEqual([
      'staff',
    ]);
    expect(rule('@authenticated @callers(are: [PERSON, SERVICE])', '@public')).toEqual([
      ...persons,
      ...services,
    ]);
    expect(rule('@authenticated @callers(are: [SERVICE])', '@authenticated')).toEqual([]);
    expect(rule('@authenticated @callers(are: [PERSON, SERVICE])', '@callers(are: [SERVICE])')).toEqual(
      services,
    );
  });

  it('persons only by default, where the schema has no rule', () => {
    const book = withDefaultAccess(readRuleBook(parse('type T { a: Int }')), 'authenticated');
    const conditions = conditionsOf(book, 'T', 'a') ?? [];
    expect(judgeSession(conditions, everybody.staff)).toBeUndefined();
    expect(judgeSession(conditions, everybody.impersonated)).toEqual({ reason: deny });
    expect(judgeSession(conditions, everybody['user service'])).toEqual({ reason: deny });
  });

  it('what an extension of the type says beside it, and what a scalar asks for beside the field', () => {
    expect(
      passing('type T @authenticated { a: Int } extend type T @callers(are: [SERVICE]) { b: Int }'),
    ).toEqual(services);
    expect(passing('scalar S @authenticated type T { a: S @callers(are: [SERVICE]) }')).toEqual(services);
    expect(passing('scalar S @authenticated type T { a: S @public }')).toEqual(persons);
  });

  it('whom the rules of every subgraph admit', () => {
    const books = ['@authenticated', '@authenticated @callers(are: [PERSON, SERVICE])'].map((rule) =>
      readRuleBook(parse(`type T { a: Int ${rule} }`)),
    );
    expect(conditionsOf(mergeBooks(books), 'T', 'a')).toContainEqual(admits('person'));
  });
});

test.each(['[]', '[PERSON, ROBOT]', '"PERSON"', '[person]', 'true', '[[PERSON]]'])(
  'may not have the callers %s',
  (are) => {
    expect(() => readRuleBook(parse(`type T { a: Int @callers(are: ${are}) }`))).toThrow(
      '@callers(are:) must be a list of PERSON, SERVICE and IMPERSONATED',
    );
    expect(() => readRuleBook(parse('type T { a: Int @callers }'))).toThrow('@callers(are:) must be');
  },
);

test('a refusal says the platform first, then the kind of caller, then scopes', () => {
  const conditions = (rule: string) =>
    conditionsOf(readRuleBook(parse(`type T { a: Int ${rule} }`)), 'T', 'a') ?? [];
  for (const rule of [
    '@requiresScopes(scopes: [["x"]]) @platform(is: PORTAL)',
    '@platform(is: PORTAL) @requiresScopes(scopes: [["x"]])',
  ]) {
    const reasonOf = (session: Parameters<typeof judgeSession>[1]) =>
      judgeSession(conditions(rule), session)?.reason;
    expect(reasonOf(anonymousSession)).toBe('auth.failure.missing_token');
    expect(reasonOf(serviceSession('user'))).toBe('authz.platform.deny');
    expect(reasonOf(impersonatedSession())).toBe('authz.platform.deny');
    expect(reasonOf(serviceSession('portal'))).toBe(deny);
    expect(reasonOf(portalSession())).toBe('authz.scope.deny');
  }
  const jobs = conditions('@requiresScopes(scopes: [["x"]]) @callers(are: [SERVICE])');
  expect(judgeSession(jobs, portalSession())).toEqual({ reason: deny });
  expect(judgeSession(jobs, serviceSession('portal'))?.reason).toBe('authz.scope.deny');
});

test.each<[boolean, Condition[], Condition]>([
  [true, [admits('person')], admits('person')],
  [true, [admits('person')], admits('person', 'service')],
  [false, [admits('person', 'service')], admits('person')],
  [true, [admits('person', 'service'), admits('person', 'impersonated')], admits('person')],
  [false, [], admits('person')],
  [false, [{ kind: 'authenticated' }], admits('person', 'service')],
  [true, [admits('service')], { kind: 'authenticated' }],
])('implies: %s, %j -> %j', (expected, given, condition) => {
  expect(implies(given, condition)).toBe(expected);
});

describe('the check of the rules', () => {
  const faultsOf = (...sdls: string[]) =>
    findAccessFaults(
      sdls.map((sdl, at) => ({
        name: `s${at}`,
        policies: [],
        sdl: parse(`extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@key", "@requires", "@external"])
          @link(url: "https://specs.signet.dev/access/v1.2", import: ["@public", "@callers"]) ${sdl}`),
      })),
    ).map(({ coordinate, subgraph, fault }) => `${coordinate} (${subgraph}) ${fault}`);

  it('finds a field that reads one with fewer callers', () => {
    const reads = (reader: string, read: string) =>
      faultsOf(`type T @key(fields: "id") @public { id: ID!
        a: Int @external @authenticated ${read} b: Int @requires(fields: "a") @authenticated ${reader} }`);
    expect(reads('@callers(are: [PERSON, SERVICE])', '')).toEqual([
      'T.b (s0) has a weaker rule than T.a, which it reads by @requires (callers)',
    ]);
    expect(
      reads('@callers(are: [PERSON, SERVICE])', '@callers(are: [PERSON, SERVICE, IMPERSONATED])'),
    ).toEqual([]);
    expect(reads('', '@callers(are: [PERSON, SERVICE])')).toEqual([]);
  });

  it('finds a rule that admits no caller', () => {
    expect(faultsOf('type Query @authenticated { a: Int @callers(are: [SERVICE]) }')).toEqual([
      expect.stringMatching(/^Query\.a \(s0\) admits no caller/),
    ]);
  });

  it('finds a rule that says nothing of callers where another subgraph does', () => {
    const said = 'type T @key(fields: "id") @authenticated @callers(are: [PERSON, SERVICE]) { id: ID! }';
    const unsaid = 'type T @key(fields: "id") @authenticated { id: ID! }';
    expect(faultsOf(said, unsaid)).toEqual([
      'T (s1) has a rule without @callers, and one with it in s0: say @callers(are: [PERSON, SERVICE]) here too. @callers(are: [PERSON]) would take T from the others in every subgraph',
    ]);
    expect(faultsOf(said, said)).toEqual([]);
    expect(faultsOf(unsaid, unsaid)).toEqual([]);
    expect(
      faultsOf(said, unsaid.replace('@authenticated', '@authenticated @callers(are: [PERSON])')),
    ).toEqual([]);
    expect(faultsOf(said, unsaid.replace('@authenticated', '@public'))).toEqual([]);
  });

  it('finds it on an interface, and without its import', () => {
    expect(faultsOf('interface I { a: Int @callers(are: [SERVICE]) }')).toEqual([
      expect.stringContaining('I.a (s0) is on an interface'),
    ]);
    const [fault] = findAccessFaults([
      {
        name: 's',
        policies: [],
        sdl: parse(
          'extend schema @link(url: "https://specs.signet.dev/access/v1.1", import: ["@public"]) type Query { a: Int @callers(are: [SERVICE]) }',
        ),
      },
    ]);
    expect(fault?.fault).toBe('uses @callers without importing it');
  });
});

const sdl = `
  type Query {
    persons: String @authenticated
    jobs: String @platform(is: PORTAL) @callers(are: [SERVICE])
    shown: Card @authenticated @callers(are: [PERSON, IMPERSONATED])
    hidden: Card @callers(are: [PERSON, SERVICE, IMPERSONATED])
    open: Box @public
  }
  interface Box { content: String }
  type Closed implements Box @authenticated { content: String }
  type Card @key(fields: "id") @authenticated @callers(are: [PERSON, IMPERSONATED]) { id: ID! pin: String @authenticated }`;
const book = readRuleBook(parse(sdl));
const schema = buildGuarded({
  sdl,
  resolvers: {
    Query: {
      persons: () => 'persons',
      jobs: () => 'jobs',
      shown: () => ({ id: '1', pin: '1234' }),
      hidden: () => ({ id: '1', pin: '1234' }),
      open: () => ({ __typename: 'Closed', content: 'c' }),
    },
    Box: { __resolveType: () => 'Closed' },
    Card: { __resolveReference: (reference: object) => reference },
  },
});

/** The refused paths of an operation at the gateway, with their reasons. */
function refusedAtGateway(session: Parameters<typeof judgeSession>[1], query: string): string[] {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const guard = compileOperationGuard(schema, book, document, document.definitions[0] as never);
  return guard(session, {}).map(({ path, reason }) => `${path.join('.')} ${reason}`);
}

test('gateway and subgraph refuse each kind of caller the same fields', async () => {
  const query = '{ persons shown { id pin } hidden { id } open { content } }';
  expect(refusedAtGateway(everybody.customer, query)).toEqual([]);
  expect(await ask(schema, everybody.customer, query)).toMatchObject({ refused: {} });

  expect(refusedAtGateway(everybody.impersonated, query)).toEqual([
    `persons ${deny}`,
    `open.content ${deny}`,
    `shown.pin ${deny}`,
  ]);
  expect(await ask(schema, everybody.impersonated, query)).toMatchObject({
    data: { persons: null, shown: { id: '1', pin: null }, hidden: { id: '1' } },
    refused: { persons: deny, 'shown.pin': deny, 'open.content': deny },
  });

  const service = everybody['portal service'];
  expect(new Set(refusedAtGateway(service, query).map((line) => line.split('.')[0]?.split(' ')[0]))).toEqual(
    new Set(['persons', 'shown', 'hidden', 'open']),
  );
  expect(await ask(schema, service, query)).toMatchObject({
    data: { persons: null, shown: null, hidden: null, open: { content: null } },
  });
  expect(refusedAtGateway(service, '{ jobs }')).toEqual([]);
  expect(await ask(schema, service, '{ jobs }')).toMatchObject({ data: { jobs: 'jobs' } });
  expect(refusedAtGateway(everybody.staff, '{ jobs }')).toEqual([`jobs ${deny}`]);
  expect(await ask(schema, everybody.staff, '{ jobs }')).toMatchObject({ refused: { jobs: deny } });
  expect(refusedAtGateway(everybody['user service'], '{ jobs }')).toEqual(['jobs authz.platform.deny']);
});

test('a reference is loaded for the callers that its type admits', async () => {
  const card = [{ __typename: 'Card', id: '1' }];
  for (const [name, session] of Object.entries(everybody)) {
    const { data, refused } = await refer(schema, session, '... on Card { id }', card);
    const isAdmitted = !name.includes('service');
    expect([name, data]).toEqual([name, { _entities: [isAdmitted ? { id: '1' } : null] }]);
    expect(Object.values(refused)).toEqual(isAdmitted ? [] : [deny]);
  }
});

test('the matrix has services and impersonated customers as callers, and names whom a rule admits beside persons', () => {
  const rows = createAccessMatrix(
    readRuleBook(
      parse(`type T @platform(is: PORTAL) @callers(are: [PERSON, SERVICE]) { a: Int @requiresScopes(scopes: [["customers:read"]]) @callers(are: [PERSON, SERVICE]) }
             type U { a: Int @platform(is: USER) @callers(are: [PERSON, IMPERSONATED]) b: Int @authenticated c: Int @public d: Int @callers(are: [SERVICE]) }`),
    ),
  );
  const text = withoutAddedRoles(formatAccessMatrix(rows));
  expect(text).toContain(
    '| field | anonymous | user | support | operations | super_admin | user service | portal service | impersonated | rule |',
  );
  expect(text).toContain(
    '| `T.a` | · | · | ✓ | ✓ | ✓ | · | ✓ | · | platform portal, person or service, scope `customers:read` |',
  );
  expect(text).toContain('| `U.a` | · | ✓ | · | · | · | · | · | ✓ | platform user, person or impersonated |');
  expect(text).toContain('| `U.b` | · | ✓ | ✓ | ✓ | ✓ | · | · | · | signed in |');
  expect(text).toContain('| `U.c` | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | public |');
  expect(text).toContain('| `U.d` | · | · | · | · | · | ✓ | ✓ | · | service |');
});
