import { describe, expect, it, test } from 'vitest';
import type { DefaultAccess } from '../rule-book.ts';
import { type AccessChange, compareAccess } from './access-changes.ts';
import type { Viewpoint } from './access-ways.ts';
import { compose } from './composed.test-support.ts';
import { readSupergraph } from './read-supergraph.ts';
import { createSupergraphMatrix } from './supergraph-matrix.ts';

type Sides = { defaultAccess?: DefaultAccess; viewpoints?: readonly Viewpoint[] };

/** `coordinate caller (cause)` of each gain. */
function gainsOf(
  before: string,
  after: string,
  { defaultAccess = 'deny', viewpoints }: Sides = {},
): string[] {
  const [old, now] = [before, after].map((sdl) => readSupergraph(compose(sdl), defaultAccess).graph);
  if (!old || !now) throw new Error('unreachable');
  return compareAccess(old, now, viewpoints).gains.map(describeChange);
}
const describeChange = ({ coordinate, caller, by, via }: AccessChange) =>
  `${coordinate} ${caller} (${by}${via ? ` ${via}` : ''})`;

const field = (rule: string) => `type Query { other: Int @public a: Int ${rule} }`;

describe('a rule that changes', () => {
  test.each([
    ['to public', '@authenticated', '@public', ['Query.a anonymous (rule)']],
    ['to signed in', '@requiresScopes(scopes: [["s"]])', '@authenticated', ['Query.a authenticated (rule)']],
    ['to the other platform', '@platform(is: USER)', '@platform(is: PORTAL)', ['Query.a portal (rule)']],
    [
      'by an alternative',
      '@requiresScopes(scopes: [["s"]])',
      '@requiresScopes(scopes: [["s"], ["t", "u"]])',
      ['Query.a authenticated with scope t and scope u (rule)'],
    ],
    [
      'by one scope of two',
      '@requiresScopes(scopes: [["s", "t"]])',
      '@requiresScopes(scopes: [["s"]])',
      ['Query.a authenticated with scope s (rule)'],
    ],
    [
      'by a policy less',
      '@policy(policies: [["p"]]) @requiresScopes(scopes: [["s"]])',
      '@requiresScopes(scopes: [["s"]])',
      ['Query.a authenticated with scope s (rule)'],
    ],
    [
      'by a policy for another',
      '@policy(policies: [["p"]])',
      '@policy(policies: [["q"]])',
      ['Query.a anonymous with policy q (rule)'],
    ],
    [
      'to no recent sign-in',
      '@platform(is: PORTAL) @recentAuth(seconds: 300)',
      '@platform(is: PORTAL)',
      ['Query.a portal (rule)'],
    ],
    [
      'to a sign-in longer ago',
      '@requiresScopes(scopes: [["s"]]) @recentAuth(seconds: 300)',
      '@requiresScopes(scopes: [["s"]]) @recentAuth(seconds: 600)',
      ['Query.a authenticated with scope s and recent 600 s (rule)'],
    ],
    [
      'by the smaller number of two',
      '@recentAuth(seconds: 300) @recentAuth(seconds: 60)',
      '@recentAuth(seconds: 300)',
      ['Query.a authenticated with recent 300 s (rule)'],
    ],
    // The other way round nobody gains.
    ['to a recent sign-in', '@authenticated', '@recentAuth(seconds: 300)', []],
    ['to a more recent one', '@recentAuth(seconds: 300)', '@recentAuth(seconds: 60)', []],
    [
      'by the larger number of two',
      '@recentAuth(seconds: 300) @recentAuth(seconds: 60)',
      '@authenticated @recentAuth(seconds: 60)',
      [],
    ],
    ['to signed in only', '@public', '@authenticated', []],
    ['by a scope more', '@requiresScopes(scopes: [["s"]])', '@requiresScopes(scopes: [["s", "t"]])', []],
    [
      'in its order',
      '@requiresScopes(scopes: [["s"], ["t"]])',
      '@requiresScopes(scopes: [["t"], ["s"]])',
      [],
    ],
    [
      'to the same in other words',
      '@authenticated @requiresScopes(scopes: [["s"]])',
      '@requiresScopes(scopes: [["s"], ["s", "t"]])',
      [],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(gainsOf(field(before), field(after))).toEqual(expected);
  });

  it('on a type, is the gain of each of its fields, and of the fields with such an object', () => {
    const type = (rule: string) =>
      `type Query { t: T @public } type T ${rule} { a: Int b: Int @platform(is: USER) }`;
    expect(gainsOf(type('@authenticated'), type('@public'))).toEqual([
      'Query.t anonymous (rule)',
      'T.a anonymous (rule)',
    ]);
  });

  it('on a scalar or an enum, is the gain of each field with such a value', () => {
    const graph = (rule: string) =>
      `type Query { a: [Secret!] @public b: State @public } scalar Secret ${rule} enum State ${rule} { ON }`;
    expect(gainsOf(graph('@authenticated'), graph(''))).toEqual([
      'Query.a anonymous (rule)',
      'Query.b anonymous (rule)',
    ]);
  });
});

describe('what appears', () => {
  it('is a gain: a new field, by the callers of its rule', () => {
    expect(
      gainsOf(
        field('@public'),
        `${field('@public')} extend type Query { b: Int @public c: Int @platform(is: USER) }`,
      ),
    ).toEqual(['Query.b anonymous (new)', 'Query.c user (new)']);
  });

  it('is no gain where nobody gets: a field without a rule, and one of a type that nothing leads to', () => {
    expect(
      gainsOf(field('@public'), `${field('@public')} extend type Query { b: Int } type T { c: Int @public }`),
    ).toEqual([]);
  });

  it('is a gain by the default for fields without a rule', () => {
    const more = `${field('@public')} extend type Query { b: Int }`;
    expect(gainsOf(field('@public'), more, { defaultAccess: 'authenticated' })).toEqual([
      'Query.b authenticated (new)',
    ]);
    expect(gainsOf(field('@public'), more, { defaultAccess: 'public' })).toEqual(['Query.b anonymous (new)']);
  });

  it('is a gain: a field that was @inaccessible, or whose type was', () => {
    const graph = (field: string, type = '') =>
      `type Query { a: T @public ${type} } type T ${type} { id: ID @public hidden: Int @public ${field} } extend type Query { z: Int @public }`;
    expect(gainsOf(graph('@inaccessible'), graph(''))).toEqual(['T.hidden anonymous (new)']);
    expect(gainsOf(graph('', '@inaccessible'), graph(''))).toEqual([
      'Query.a anonymous (new)',
      'T.id anonymous (new)',
      'T.hidden anonymous (new)',
    ]);
  });

  it('is a gain where a field moves to a type that others get', () => {
    const graph = (open: string, closed: string) =>
      `type Query { o: Open @public c: Closed @platform(is: PORTAL) } type Open { id: ID @public ${open} } type Closed { id: ID @public ${closed} }`;
    expect(gainsOf(graph('', 'secret: Int @public'), graph('secret: Int @public', ''))).toEqual([
      'Open.secret anonymous (new)',
    ]);
  });
});

describe('another way to an object', () => {
  const types = `type Secret { id: ID @public word: Int @authenticated } type Plain { id: ID @public }`;

  it('is a gain of what leads there; the fields behind it follow', () => {
    const graph = (rule: string) => `type Query { s: Secret ${rule} } ${types}`;
    expect(gainsOf(graph('@platform(is: PORTAL)'), graph('@public'))).toEqual([
      'Query.s anonymous (rule)',
      'Secret.id anonymous (reached)',
      'Secret.word authenticated (reached)',
    ]);
  });

  it.each([
    [
      'a type that implements an interface from now on',
      (more: string) =>
        `interface Node { id: ID } ${types.replace('Secret {', `Secret ${more ? 'implements Node' : ''} {`).replace('Plain {', 'Plain implements Node {')} type Query { node: Node @public s: Secret @platform(is: PORTAL) }`,
      'Node',
    ],
    [
      'a member of a union',
      (more: string) =>
        `union Found = Plain ${more ? '| Secret' : ''} ${types} type Query { node: Found @public s: Secret @platform(is: PORTAL) }`,
      'Found',
    ],
  ])('is a gain: %s', (_, graph, via) => {
    expect(gainsOf(graph(''), graph('more'))).toEqual([
      'Secret.id anonymous (reached)',
      'Secret.word authenticated (reached)',
      `Secret anonymous (type ${via})`,
    ]);
  });

  it('is a gain: a field that returns another type', () => {
    const graph = (type: string) =>
      `type Query { x: ${type} @public s: Secret @platform(is: PORTAL) p: Plain @public } ${types}`;
    expect(gainsOf(graph('Plain'), graph('Secret'))).toEqual([
      'Query.x anonymous (type Query.x)',
      'Secret.id anonymous (reached)',
      'Secret.word authenticated (reached)',
    ]);
    // Whoever gets the type already gains nothing.
    expect(gainsOf(graph('Secret'), graph('Plain'))).toEqual([]);
  });

  it('is no gain where everybody got there before', () => {
    const graph = (more: string) => `type Query { s: Secret @public ${more} } ${types}`;
    expect(gainsOf(graph(''), graph('t: Secret @authenticated'))).toEqual(['Query.t authenticated (new)']);
  });

  it('adds the needs of the whole way, also around a circle', () => {
    const graph = (rule: string) => `type Query { me: User @platform(is: USER) }
      type User { friends: [User] @requiresScopes(scopes: [["f"]]) id: ID @public secret: Int ${rule} }`;
    expect(gainsOf(graph('@requiresScopes(scopes: [["x"]])'), graph('@public'))).toEqual([
      'User.secret user (rule)',
    ]);
  });
});

describe('a field that is computed from another one', () => {
  // The Guild's composer and Apollo's refuse this now. Supergraphs of older composers have it.
  const graph = (join: string, rule = '@authenticated') =>
    compose(
      `type Query { p: P @public } type P @key(fields: "id") { id: ID @public cost: Int ${rule} margin: Int @public }`,
    ).replace(/margin: Int @public/, `margin: Int @public @join__field(graph: S0${join})`);
  const read = (text: string) => readSupergraph(text, 'deny');

  it('is a gain of what it reads, for callers who may not have that', () => {
    const [before, after] = [read(graph('')), read(graph(', requires: "cost"'))];
    expect(compareAccess(before.graph, after.graph).gains.map(describeChange)).toEqual([
      'P.cost anonymous (read P.margin)',
    ]);
    expect(compareAccess(after.graph, before.graph).gains).toEqual([]);
    expect(after.weaknesses).toEqual([
      expect.objectContaining({
        coordinate: 'P.margin',
        fault: expect.stringContaining('weaker rule than P.cost'),
      }),
    ]);
  });

  it('is a gain also of a field that clients do not see, and from a context', () => {
    const hidden = graph('', '@authenticated @inaccessible');
    const reads = graph(', requires: "cost"', '@authenticated @inaccessible');
    expect(compareAccess(read(hidden).graph, read(reads).graph).gains.map(describeChange)).toEqual([
      'P.cost anonymous (read P.margin)',
    ]);
    const context = (join: string) =>
      compose(
        `type Query { c: C @public } type C @key(fields: "id") { id: ID @public cost: Int @authenticated t: T @public } type T { weak: Int @public }`,
      )
        .replace('type C ', 'type C @context(name: "s0__c") ')
        .replace(
          'directive @join__enumValue',
          'directive @context(name: String!) repeatable on OBJECT directive @join__enumValue',
        )
        .replace('weak: Int @public', `weak: Int @public ${join}`);
    const join =
      '@join__field(graph: S0, contextArguments: [{ context: "s0__c", name: "a", type: "Int", selection: " { cost }" }])';
    expect(
      compareAccess(read(context('')).graph, read(context(join)).graph).gains.map(describeChange),
    ).toEqual(['C.cost anonymous (read T.weak)']);
  });

  it('is no gain where its rule is as strict', () => {
    const strict = (join: string) => graph(join).replace('margin: Int @public', 'margin: Int @authenticated');
    expect(compareAccess(read(strict('')).graph, read(strict(', requires: "cost"')).graph).gains).toEqual([]);
    expect(read(strict(', requires: "cost"')).weaknesses).toEqual([]);
  });
});

describe('for callers with names', () => {
  const viewpoints = [
    { name: 'anonymous', holds: new Set<string>() },
    { name: 'support', holds: new Set(['authenticated', 'platform portal', 'scope a']) },
    { name: 'admin', holds: new Set(['authenticated', 'platform portal', 'scope a', 'scope b']) },
  ];
  test.each([
    ['@requiresScopes(scopes: [["b"]])', '@requiresScopes(scopes: [["a"]])', ['Query.a support (rule)']],
    ['@requiresScopes(scopes: [["b"]])', '@platform(is: USER)', []],
    ['@platform(is: USER)', '@authenticated', ['Query.a support (rule)', 'Query.a admin (rule)']],
    ['@requiresScopes(scopes: [["a"]])', '@requiresScopes(scopes: [["a"], ["nobody"]])', []],
    [
      '@requiresScopes(scopes: [["b"]])',
      '@policy(policies: [["p"]])',
      ['Query.a support by policy p (rule)'],
    ],
    ['@policy(policies: [["p"]])', '@authenticated', ['Query.a support (rule)', 'Query.a admin (rule)']],
  ])('%s to %s', (before, after, expected) => {
    expect(gainsOf(field(before), field(after), { viewpoints })).toEqual(expected);
  });
});

describe('a rule of an interface that no implementation has', () => {
  const graph = ({ ofType = '', ofField = '', user = '@public' }) => {
    const sdl =
      compose(`type Query { node: Node @public a: Int @authenticated s: Int @requiresScopes(scopes: [["s"]]) }
      interface Node { id: ID next: Node }
      type User implements Node { id: ID ${user} next: Node @public }
      type Shop implements Node { id: ID @public next: Node @public }`);
    const [before = '', after = ''] = sdl.split(/(?<=^interface Node[^{]*)(?=\{)/m);
    return read(`${before} ${ofType} ${after.replace(/^( {2}id: ID)/m, `$1 ${ofField}`)}`).graph;
  };
  const read = (sdl: string) => readSupergraph(sdl, 'deny');
  const compare = (before: Parameters<typeof graph>[0], after: Parameters<typeof graph>[0]) =>
    compareAccess(graph(before), graph(after)).gains.map(describeChange);

  it('is a gain when it goes: on the type, also of each field that leads there', () => {
    const gains = compare({ ofType: '@authenticated' }, {});
    expect(gains.filter((gain) => !gain.includes('reached'))).toEqual([
      'Query.node anonymous (rule)',
      'User.next anonymous (rule)',
      'Shop.next anonymous (rule)',
      'Node.id anonymous (rule)',
    ]);
    expect(compare({}, { ofType: '@authenticated' })).toEqual([]);
  });

  it('is a gain when it goes: on the field, of those whom the implementations let pass', () => {
    expect(compare({ ofField: '@authenticated' }, {})).toEqual(['Node.id anonymous (rule)']);
    expect(compare({}, { ofField: '@authenticated' })).toEqual([]);
    const scope = (name: string) => `@requiresScopes(scopes: [["${name}"]])`;
    expect(
      compare({ ofField: scope('a'), user: '@authenticated' }, { ofField: scope('b'), user: '@public' }),
    ).toEqual(['User.id anonymous (rule)', 'Node.id authenticated with scope b (rule)']);
  });

  it('is none where an implementation has it from now on', () => {
    const rule = '@authenticated';
    expect(compare({ ofField: rule }, { ofField: rule, user: rule })).toEqual([]);
    expect(compare({ ofField: rule, user: rule }, { ofField: rule, user: '@public' })).toEqual([
      'User.id anonymous (rule)',
    ]);
  });
});

describe('an existing type that becomes a root', () => {
  const graph = (schema: string) =>
    readSupergraph(
      compose(
        'type Query { a: Int @public ops: AdminOps @authenticated } type AdminOps { wipe: Int @public }',
      ).replace(/^( *)query: Query$/m, `$1query: Query\n${schema}`),
      'deny',
    ).graph;

  it('is a gain of those who could not get one, and a cause of what follows', () => {
    const [before, after] = [graph(''), graph('  mutation: AdminOps')];
    expect(compareAccess(before, after).gains.map(describeChange)).toEqual([
      'AdminOps.wipe anonymous (reached)',
      'AdminOps anonymous (type schema)',
    ]);
    expect(compareAccess(after, before).gains).toEqual([]);
    expect(compareAccess(after, before).losses.map(describeChange)).toContain(
      'AdminOps anonymous (type schema)',
    );
  });
});

describe('a recent sign-in that a rule no longer asks for', () => {
  const staff = { name: 'support', holds: new Set(['authenticated', 'platform portal']) };
  const rule = (recent: string) => field(`@platform(is: PORTAL) ${recent}`);

  it.each([
    ['nothing instead', '', ['Query.a support (rule)']],
    ['a longer time', '@recentAuth(seconds: 600)', ['Query.a support by recent 600 s (rule)']],
    ['a shorter time', '@recentAuth(seconds: 60)', []],
    ['the same in other words', '@recentAuth(seconds: 300) @recentAuth(seconds: 900)', []],
  ])('is a gain of a named caller: %s', (_, after, expected) => {
    const before = rule('@recentAuth(seconds: 300)');
    expect(gainsOf(before, rule(after), { viewpoints: [staff] })).toEqual(expected);
  });

  it('is told of what lies behind the field, and gives the matrix no column', () => {
    const type = (recent: string) =>
      `type Query { t: T @authenticated ${recent} } type T @authenticated { a: Int }`;
    const before = type('@recentAuth(seconds: 300)');
    expect(gainsOf(before, type('@recentAuth(seconds: 400)'))).toEqual([
      'Query.t authenticated with recent 400 s (rule)',
      'T.a authenticated with recent 400 s (reached)',
    ]);
    const { callers, rows } = createSupergraphMatrix(readSupergraph(compose(before), 'deny').graph);
    expect(callers.map(({ name }) => name)).toEqual(['anonymous', 'authenticated']);
    expect(rows.map(({ verdicts }) => verdicts)).toEqual([
      { anonymous: 'no', authenticated: 'yes' },
      { anonymous: 'no', authenticated: 'yes' },
    ]);
  });
});

describe('callers whom a rule admits now', () => {
  const admits = (rule: string, are: string) => field(`${rule} @callers(are: [${are}])`);

  it.each([
    ['services', '@authenticated', 'PERSON, SERVICE', ['Query.a service (rule)']],
    ['services of staff', '@platform(is: PORTAL)', 'PERSON, SERVICE', ['Query.a portal service (rule)']],
    [
      'services with a scope',
      '@platform(is: PORTAL) @requiresScopes(scopes: [["s"]])',
      'PERSON, SERVICE',
      ['Query.a portal service with scope s (rule)'],
    ],
    ['impersonated customers', '@authenticated', 'PERSON, IMPERSONATED', ['Query.a impersonated (rule)']],
    [
      'both',
      '@platform(is: USER)',
      'PERSON, SERVICE, IMPERSONATED',
      ['Query.a user impersonated (rule)', 'Query.a user service (rule)'],
    ],
    ['no impersonated customers on the portal', '@platform(is: PORTAL)', 'PERSON, IMPERSONATED', []],
    ['nobody who has not signed in', '@recentAuth(seconds: 300)', 'PERSON, SERVICE', []],
    ['persons, as before', '@authenticated', 'PERSON', []],
    ['services in place of persons', '@authenticated', 'SERVICE', ['Query.a service (rule)']],
  ])('gain: %s', (_, rule, are, expected) => {
    expect(gainsOf(field(rule), admits(rule, are)).sort()).toEqual(expected);
    expect(gainsOf(admits(rule, are), field(rule))).toEqual(
      are === 'SERVICE' ? ['Query.a authenticated (rule)'] : [],
    );
  });

  it('gain nothing behind a field that does not admit them', () => {
    const graph = (rule: string) =>
      `type Query { t: T @authenticated } type T { a: Int ${rule} @callers(are: [SERVICE]) }`;
    expect(gainsOf(graph('@requiresScopes(scopes: [["s"]])'), graph('@authenticated'))).toEqual([]);
  });

  it('are callers of their own among those that are named', () => {
    const named = (name: string, kind?: string): Viewpoint => ({
      name,
      holds: new Set(['authenticated', 'platform portal', ...(kind ? [`kind ${kind}`] : [])]),
    });
    const viewpoints = [named('support'), named('job', 'service')];
    const rule = '@platform(is: PORTAL)';
    expect(gainsOf(field(rule), admits(rule, 'PERSON, SERVICE'), { viewpoints })).toEqual([
      'Query.a job (rule)',
    ]);
    expect(gainsOf(admits(rule, 'SERVICE'), field(rule), { viewpoints })).toEqual(['Query.a support (rule)']);
    expect(gainsOf(admits(rule, 'SERVICE'), field('@public'), { viewpoints })).toEqual([
      'Query.a support (rule)',
    ]);
  });

  it('have columns of their own in the matrix', () => {
    const text = compose(
      `type Query { a: Int @authenticated b: Int @platform(is: PORTAL) @callers(are: [PERSON, SERVICE]) c: Int @public }`,
    );
    const { callers, rows } = createSupergraphMatrix(readSupergraph(text, 'deny').graph);
    expect(callers.map(({ name }) => name)).toEqual([
      'anonymous',
      'authenticated',
      'portal',
      'portal service',
    ]);
    expect(rows.map(({ coordinate, verdicts }) => [coordinate, ...Object.values(verdicts)])).toEqual([
      ['Query.a', 'no', 'yes', 'yes', 'no'],
      ['Query.b', 'no', 'no', 'yes', 'yes'],
      ['Query.c', 'yes', 'yes', 'yes', 'yes'],
    ]);
  });
});
