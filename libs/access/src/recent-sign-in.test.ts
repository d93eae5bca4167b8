import { parse, validate } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { createAccessMatrix, formatAccessMatrix } from './access-matrix.ts';
import { findAccessFaults } from './check/find-access-faults.ts';
import { type Condition, implies, judgeSession } from './conditions.ts';
import { ask, buildGuarded } from './guarded-subgraph.test-support.ts';
import { withoutAddedRoles } from './matrix-columns.test-support.ts';
import { compileOperationGuard } from './operation-guard.ts';
import { isSignInRecent } from './recent-sign-in.ts';
import { conditionsOf, mergeBooks, readRuleBook } from './rule-book.ts';
import { anonymousSession, portalSession, userSession } from './sessions.test-support.ts';

const recent = (seconds: number): Condition => ({ kind: 'recentAuth', seconds });
const persons: Condition = { kind: 'callers', are: ['person'] };
const secondsAgo = (seconds: number) => ({
  ...userSession(),
  authTime: Math.floor(Date.now() / 1000) - seconds,
});
const stepUp = (maxAge: number) => ({ reason: 'authz.step_up.required', stepUp: { maxAge } });

test.each<[string, number | undefined, boolean]>([
  ['now', 1_000, true],
  ['at the limit', 700, true],
  ['at the limit of clocks that differ', 670, true],
  ['a second before that', 669, false],
  ['a while before', 0, false],
  ['in the future, as clocks differ', 1_030, true],
  ['in the future', 1_031, false],
  ['far in the future', Number.MAX_VALUE, false],
  ['at no time that the token says', undefined, false],
  ['at a time that is no number', Number.NaN, false],
])('a sign-in %s counts as recent or not', (_, authTime, expected) => {
  expect(isSignInRecent({ authTime }, 300, 1_000)).toBe(expected);
});

describe('judgeSession', () => {
  it('asks for a more recent sign-in than the one of the token', () => {
    expect(judgeSession([recent(300)], secondsAgo(10))).toBeUndefined();
    expect(judgeSession([recent(300)], secondsAgo(400))).toEqual(stepUp(300));
    expect(judgeSession([recent(300)], { ...userSession(), authTime: undefined })).toEqual(stepUp(300));
    expect(judgeSession([recent(300)], anonymousSession)).toEqual({ reason: 'auth.failure.missing_token' });
  });

  it('lets the smaller of two numbers decide', () => {
    for (const rule of [
      [recent(600), recent(60)],
      [recent(60), recent(600)],
    ]) {
      expect(judgeSession(rule, secondsAgo(200))).toEqual(stepUp(60));
      expect(judgeSession(rule, secondsAgo(10))).toBeUndefined();
    }
  });

  it.each<[string, Condition, string]>([
    ['another platform', { kind: 'platform', is: 'portal' }, 'authz.platform.deny'],
    ['a scope', { kind: 'scopes', anyOf: [['x']] }, 'authz.scope.deny'],
    [
      'a policy of the token',
      { kind: 'policies', anyOf: [['x']], decidedBy: 'token' },
      'authz.permission.deny',
    ],
  ])('says first that the caller lacks %s', (_, condition, reason) => {
    for (const rule of [
      [recent(300), condition],
      [condition, recent(300)],
    ]) {
      const refusal = judgeSession(rule, secondsAgo(400));
      expect(refusal).toMatchObject({ reason });
      expect(refusal).not.toHaveProperty('stepUp');
    }
  });
});

test.each<[boolean, Condition[], Condition]>([
  [true, [recent(300)], recent(300)],
  [true, [recent(60)], recent(300)],
  [true, [recent(600), recent(60)], recent(300)],
  [true, [recent(300)], { kind: 'authenticated' }],
  [false, [recent(301)], recent(300)],
  [false, [{ kind: 'authenticated' }], recent(300)],
  [false, [recent(300)], { kind: 'platform', is: 'user' }],
])('implies: %s, %j -> %j', (expected, given, condition) => {
  expect(implies(given, condition)).toBe(expected);
});

describe('@recentAuth in SDL', () => {
  it('is read from type and field, and from several subgraphs', () => {
    const one = readRuleBook(
      parse('type T @recentAuth(seconds: 300) { a: Int @recentAuth(seconds: 60) b: Int }'),
    );
    expect(conditionsOf(one, 'T', 'a')).toEqual([persons, recent(300), recent(60)]);
    expect(conditionsOf(one, 'T', 'b')).toEqual([persons, recent(300)]);
    const other = readRuleBook(parse('type T { b: Int @recentAuth(seconds: 45) }'));
    expect(conditionsOf(mergeBooks([one, other]), 'T', 'b')).toEqual([persons, recent(300), recent(45)]);
  });

  it.each(['29', '0', '-300', '86401', '9007199254740993', '"300"', '300.0', '[300]', 'true'])(
    'may not have the seconds %s',
    (seconds) => {
      const sdl = `type Query { a: Int @recentAuth(seconds: ${seconds}) }`;
      expect(() => readRuleBook(parse(sdl))).toThrow(
        '@recentAuth(seconds:) must be a whole number from 30 to 86400',
      );
    },
  );

  it('must have seconds', () => {
    expect(() => readRuleBook(parse('type Query { a: Int @recentAuth }'))).toThrow('not nothing');
    expect(readRuleBook(parse('type Query { a: Int @recentAuth(seconds: 30) }')).size).toBe(1);
    expect(readRuleBook(parse('type Query { a: Int @recentAuth(seconds: 86400) }')).size).toBe(1);
  });

  it('is a fault on an interface, under another name, of a version without it, and where it guards what another field reads', () => {
    const faults = (sdl: string, version = 'v1.1', imported = '"@public", "@recentAuth"') =>
      findAccessFaults([
        {
          name: 's',
          policies: [],
          sdl: parse(`extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@external"])
            @link(url: "https://specs.signet.dev/access/${version}", import: [${imported}]) ${sdl}`),
        },
      ]).map(({ coordinate, fault }) => `${coordinate} ${fault}`);
    const rule = '@public @recentAuth(seconds: 300)';
    expect(faults(`type Query { a: Int ${rule} }`)).toEqual([]);
    expect(faults('interface I { a: Int @recentAuth(seconds: 300) }')).toEqual([
      expect.stringContaining('I.a is on an interface'),
    ]);
    expect(
      faults('type Query { a: Int @public }', 'v1.1', '"@public", { name: "@recentAuth", as: "@r" }'),
    ).toEqual([expect.stringContaining('imports @recentAuth as @r')]);
    expect(faults(`type Query { a: Int ${rule} }`, 'v1.1', '"@public"')).toEqual([
      expect.stringContaining('uses @recentAuth without importing it'),
    ]);
    const reads = (reader: string) => `type T @key(fields: "id") @public {
      id: ID! a: Int @external @recentAuth(seconds: 300) b: Int @requires(fields: "a") ${reader} }`;
    expect(faults(reads(''))).toEqual([
      'T.b has a weaker rule than T.a, which it reads by @requires (recent 300 s)',
    ]);
    expect(faults(reads('@recentAuth(seconds: 301)'))).toHaveLength(1);
    expect(faults(reads('@recentAuth(seconds: 60)'))).toEqual([]);
  });
});

const sdl = `
  type Query { open: String @public vault: String @platform(is: USER) @recentAuth(seconds: 300) safe: Safe @public mixed: String @platform(is: PORTAL) }
  type Safe @recentAuth(seconds: 60) { content: String @authenticated }
  type Card @key(fields: "id") @recentAuth(seconds: 300) { id: ID! }`;

describe('in a subgraph', () => {
  const schema = buildGuarded({
    sdl,
    resolvers: {
      Query: {
        open: () => 'open',
        vault: () => 'gold',
        safe: () => ({ content: 'silver' }),
        mixed: () => 'm',
      },
      Card: { __resolveReference: (reference: object) => reference },
    },
  });
  const query = '{ open vault safe { content } }';

  it('a field is there after a recent sign-in, and refused else beside the others', async () => {
    expect(await ask(schema, secondsAgo(10), query)).toMatchObject({
      data: { open: 'open', vault: 'gold', safe: { content: 'silver' } },
    });
    expect(await ask(schema, secondsAgo(200), query)).toMatchObject({
      data: { open: 'open', vault: 'gold', safe: null },
      refused: { safe: 'authz.step_up.required' },
    });
    expect(await ask(schema, secondsAgo(400), query)).toMatchObject({
      data: { open: 'open', vault: null, safe: null },
      refused: { vault: 'authz.step_up.required' },
    });
  });

  it('so is a reference', async () => {
    const entities =
      '{ _entities(representations: [{ __typename: "Card", id: "1" }]) { ... on Card { id } } }';
    expect(await ask(schema, secondsAgo(10), entities)).toMatchObject({ data: { _entities: [{ id: '1' }] } });
    expect(await ask(schema, secondsAgo(400), entities)).toMatchObject({ data: { _entities: [null] } });
  });
});

test('an operation lists what no sign-in changes first', () => {
  const schema = buildGuarded({ sdl: sdl.replace(/type Card[^}]*\}/, ''), resolvers: {} });
  const document = parse('{ vault safe { content } mixed }');
  expect(validate(schema, document)).toEqual([]);
  const [operation] = document.definitions;
  const guard = compileOperationGuard(schema, readRuleBook(parse(sdl)), document, operation as never);
  expect(
    guard(secondsAgo(200), {}).map(({ path, reason, stepUp: asked }) => [path.join('.'), reason, asked]),
  ).toEqual([
    ['mixed', 'authz.platform.deny', undefined],
    ['safe', 'authz.step_up.required', { maxAge: 60 }],
    ['safe.content', 'authz.step_up.required', { maxAge: 60 }],
  ]);
  expect(guard(secondsAgo(10), {}).map(({ reason }) => reason)).toEqual(['authz.platform.deny']);
  expect(guard(portalSession(), {}).map(({ path }) => path.join('.'))).toEqual([
    'vault',
    'safe',
    'safe.content',
  ]);
});

test('the matrix says who may have it after a recent sign-in, and names the strictest one', () => {
  const rows = createAccessMatrix(
    readRuleBook(
      parse('type T @recentAuth(seconds: 300) { a: Int @platform(is: PORTAL) @recentAuth(seconds: 60) }'),
    ),
  );
  expect(rows[0]?.verdicts).toMatchObject({ anonymous: 'no', user: 'no', support: 'yes' });
  expect(withoutAddedRoles(formatAccessMatrix(rows))).toContain(
    '| `T.a` | · | · | ✓ | ✓ | ✓ | · | · | · | platform portal, recent 60 s |',
  );
});
