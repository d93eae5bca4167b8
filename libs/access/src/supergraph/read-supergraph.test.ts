import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { conditionsOf, type DefaultAccess, readRuleBook } from '../rule-book.ts';
import { fieldsOf } from './access-changes.ts';
import { compose, composedHeader } from './composed.test-support.ts';
import { readSupergraph, UnreadableSupergraph } from './read-supergraph.ts';
import { normalizeRuleNames } from './rule-names.ts';
import { callerOf, waysOf } from './ways.ts';

/** Who may have each field, by its rule. */
function accessOf(text: string, defaultAccess: DefaultAccess = 'deny'): Record<string, string> {
  const fields = fieldsOf(readSupergraph(text, defaultAccess).graph);
  return Object.fromEntries(
    fields.map(({ coordinate, conditions }) => [
      coordinate,
      waysOf(conditions).map(callerOf).join(' | ') || 'nobody',
    ]),
  );
}

function faultsOf(text: string): string[] {
  try {
    return readSupergraph(text, 'deny').weaknesses.map(describeFault);
  } catch (error) {
    if (!(error instanceof UnreadableSupergraph)) throw error;
    return error.faults.map(describeFault);
  }
}
const describeFault = ({
  line,
  coordinate,
  fault,
}: {
  line: number | undefined;
  coordinate: string;
  fault: string;
}) => `${line}: ${coordinate} ${fault}`;

describe("a supergraph of Apollo's composer, with Apollo's rules alone", () => {
  const sdl = (imports: string, rules: { login: string; scopes: string; policy: string }) => `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@inaccessible", ${imports}])
    type Query { me: User ${rules.login} open: Int secret: Iban }
    scalar Iban ${rules.login}
    type User @key(fields: "id") { id: ID! mail: String ${rules.scopes}(scopes: [["a", "b"], ["c"]]) hidden: Int @inaccessible owned: Int ${rules.policy}(policies: [["p"]]) }`;
  const composeApollo = (text: string) => {
    const { supergraphSdl, errors } = composeServices([
      { name: 's', url: 'http://s.invalid', typeDefs: parse(text) },
    ]);
    if (!supergraphSdl) throw new Error(errors?.join('\n'));
    return supergraphSdl;
  };
  const expected = {
    'Query.me': 'authenticated',
    'Query.open': 'anonymous',
    'Query.secret': 'authenticated',
    'User.id': 'anonymous',
    'User.mail': 'authenticated with scope c | authenticated with scope a and scope b',
    'User.owned': 'anonymous with policy p',
  };

  test.each([
    [
      'under their own names',
      '"@authenticated", "@requiresScopes", "@policy"',
      { login: '@authenticated', scopes: '@requiresScopes', policy: '@policy' },
    ],
    [
      'renamed',
      '{ name: "@authenticated", as: "@login" }, { name: "@requiresScopes", as: "@rs" }, { name: "@policy", as: "@p" }',
      { login: '@login', scopes: '@rs', policy: '@p' },
    ],
    [
      'without an import',
      '"@external"',
      {
        login: '@federation__authenticated',
        scopes: '@federation__requiresScopes',
        policy: '@federation__policy',
      },
    ],
  ])('is read: %s', (_, imports, rules) => {
    const text = composeApollo(sdl(imports, rules));
    expect(accessOf(text, 'public')).toEqual(expected);
    expect(accessOf(text, 'deny')).toMatchObject({ 'Query.open': 'nobody', 'Query.me': 'authenticated' });
  });
});

it('reads the rules of the platform and of Apollo together, as composed from two subgraphs', () => {
  const text = compose(
    'type Query { a: T @public } type T @key(fields: "id") @shareable { id: ID @public x: Int @authenticated }',
    'type T @key(fields: "id") @shareable { id: ID @public x: Int @requiresScopes(scopes: [["s"]]) y: Int @platform(is: PORTAL) }',
  );
  expect(accessOf(text)).toEqual({
    'Query.a': 'anonymous',
    'T.id': 'anonymous',
    'T.x': 'authenticated with scope s',
    'T.y': 'portal',
  });
});

describe('is refused, with line and field:', () => {
  const good = compose('type Query {\n  a: Int @public\n  b: Int @authenticated\n}');
  test.each([
    [
      'what is no GraphQL',
      'type Query {\n  a: ',
      /^2: schema is no GraphQL: Syntax Error: Expected Name, found <EOF>/,
    ],
    ['what is no supergraph', 'type Query { a: Int }', /^undefined: schema is no supergraph/],
    ['an empty file', '', /is no GraphQL/],
    [
      'an unknown directive',
      good.replace('b: Int ', 'b: Int @authenticatd '),
      /^\d+: Query\.b has the unknown directive @authenticatd$/,
    ],
    [
      'an unknown directive of an argument',
      good.replace('b: Int ', 'b(x: Int @nobody): Int '),
      /^\d+: Query\.b\(x:\) has the unknown directive @nobody$/,
    ],
    [
      'a version of the rules that is not known',
      good.replace('authenticated/v0.1', 'authenticated/v0.2'),
      /^\d+: schema links .*authenticated\/v0\.2, and only v0\.1/,
    ],
    [
      'an unknown specification for security',
      good.replace(
        '@link(url: "https://specs.apollo.dev/join',
        '@link(url: "https://example.com/guard/v1.0", for: SECURITY) @link(url: "https://specs.apollo.dev/join',
      ),
      /^\d+: schema links https:\/\/example\.com\/guard for: SECURITY/,
    ],
    [
      'a rule that no link names',
      good.replace(/@link\(url: "https:\/\/specs\.apollo\.dev\/authenticated[^)]*\)/, ''),
      /^\d+: Query\.b has @authenticated, which no @link/,
    ],
    [
      'a rule where no router looks',
      good
        .replace(
          'b: Int ',
          'b: Int @join__directive(graphs: [S0], name: "federation__policy", args: { policies: [["p"]] }) ',
        )
        .replace(
          'directive @join__graph',
          'directive @join__directive(graphs: [join__Graph!], name: String!, args: join__DirectiveArguments) repeatable on FIELD_DEFINITION directive @join__graph',
        ),
      /^\d+: Query\.b has @policy inside @join__directive/,
    ],
    [
      'a platform that does not exist',
      good.replace('a: Int @public', 'a: Int @platform(is: STAFF)'),
      /^\d+: Query\.a has @platform with another platform/,
    ],
    [
      'two platforms',
      good.replace('a: Int @public', 'a: Int @platform(is: USER) @platform(is: PORTAL)'),
      /^\d+: Query\.a has two platforms/,
    ],
  ])('%s', (_, text, fault) => {
    expect(text).not.toBe(good);
    expect(faultsOf(text)).toEqual([expect.stringMatching(fault)]);
  });

  it('all faults at once', () => {
    const text = good.replace('a: Int ', 'a: Int @one ').replace('b: Int ', 'b: Int @two ');
    expect(faultsOf(text)).toEqual([expect.stringContaining('@one'), expect.stringContaining('@two')]);
  });
});

describe('a weak rule is named:', () => {
  test.each([
    ['none at all', 'type Query { a: Int }', 'Query.a has no access rule'],
    [
      'an empty list',
      'type Query { a: Int @requiresScopes(scopes: [[]]) }',
      'Query.a has a rule with an empty list',
    ],
    [
      'an empty name',
      'type Query { a: Int @policy(policies: [[""]]) }',
      'Query.a has a rule with an empty list',
    ],
    [
      'two platforms, on a field and its type',
      'type Query { a: T @public } type T @platform(is: USER) { b: Int @platform(is: PORTAL) }',
      'T.b has two platforms',
    ],
  ])('%s', (_, sdl, fault) => {
    expect(faultsOf(compose(sdl))).toEqual([expect.stringContaining(fault)]);
  });

  it('not on a type that no client reaches, nor on what is inaccessible', () => {
    expect(
      faultsOf(compose('type Query { a: Int @public b: Int @inaccessible } type Orphan { c: Int }')),
    ).toEqual([]);
  });
});

describe('@recentAuth in a supergraph', () => {
  it('of two subgraphs holds with both numbers, and the smaller decides', () => {
    const field = (seconds: number) => `type Query { a: Int @shareable @recentAuth(seconds: ${seconds}) }`;
    const text = compose(field(300), field(60));
    expect(faultsOf(text)).toEqual([]);
    expect(accessOf(text)).toEqual({ 'Query.a': 'authenticated with recent 60 s' });
    const byApollo = composeServices(
      [300, 60].map((seconds) => ({
        name: `s${seconds}`,
        url: 'http://s.invalid',
        typeDefs: parse(`${composedHeader} ${field(seconds)}`),
      })),
    );
    expect(byApollo.errors).toBeUndefined();
    expect(accessOf(byApollo.supergraphSdl ?? '')).toEqual({ 'Query.a': 'authenticated with recent 60 s' });
  });

  it.each(['5', '90000', '"x"'])('with the seconds %s cannot be read', (seconds) => {
    const text = compose('type Query { a: Int @recentAuth(seconds: 4000) }').replace('4000', seconds);
    expect(faultsOf(text)).toEqual([
      expect.stringMatching(
        /^\d+: Query\.a has @recentAuth with seconds that are not a whole number from 30 to 86400$/,
      ),
    ]);
  });

  it('is no rule where no link names it, and then nothing is served', () => {
    const text = compose('type Query { a: Int @recentAuth(seconds: 300) }')
      .replace(', "@recentAuth"', '')
      .replace('"@callers", ', '')
      .replace('v1.2', 'v1.0');
    expect(faultsOf(text)).toEqual([
      expect.stringContaining('Query.a has @recentAuth, which no @link of the schema names'),
    ]);
  });
});

describe('@callers in a supergraph', () => {
  it('of two subgraphs admits whom both admit, composed by either composer', () => {
    const fields = ['PERSON, SERVICE', 'SERVICE, IMPERSONATED'].map(
      (are) => `type Query { a: Int @shareable @authenticated @callers(are: [${are}]) }`,
    );
    expect(accessOf(compose(...fields))).toEqual({ 'Query.a': 'service' });
    const byApollo = composeServices(
      fields.map((sdl, at) => ({
        name: `s${at}`,
        url: 'http://s.invalid',
        typeDefs: parse(`${composedHeader} ${sdl}`),
      })),
    );
    expect(byApollo.errors).toBeUndefined();
    expect(accessOf(byApollo.supergraphSdl ?? '')).toEqual({ 'Query.a': 'service' });
  });

  it.each(['[]', '[ROBOT]', '"SERVICE"'])('that are %s cannot be read', (are) => {
    const text = compose('type Query { a: Int @callers(are: [SERVICE]) }').replace(
      'are: [SERVICE]',
      `are: ${are}`,
    );
    expect(faultsOf(text)).toEqual([
      expect.stringMatching(
        /^\d+: Query\.a has @callers with something else than a list of PERSON, SERVICE and IMPERSONATED/,
      ),
    ]);
  });

  it('that admits nobody is a fault', () => {
    expect(faultsOf(compose('type Query @authenticated { a: Int @callers(are: [SERVICE]) }'))).toEqual([
      expect.stringContaining('Query.a admits no caller'),
    ]);
  });

  it('opens nothing where no link names it, and then nothing is served', () => {
    const text = compose('type Query { a: Int @authenticated @callers(are: [SERVICE]) }')
      .replace('"@callers", ', '')
      .replace('v1.2', 'v1.1');
    expect(faultsOf(text)).toEqual([
      expect.stringContaining('Query.a has @callers, which no @link of the schema names'),
    ]);
    const document = normalizeRuleNames(parse(text));
    expect(conditionsOf(readRuleBook(document), 'Query', 'a')).toContainEqual({
      kind: 'callers',
      are: ['person'],
    });
  });

  it('of the types behind an interface is not lost, though composers copy their other rules onto it', () => {
    const text = compose(`type Query { i: I @public } interface I { a: Int }
      type T implements I { a: Int @authenticated @callers(are: [PERSON, SERVICE]) }`);
    const { graph } = readSupergraph(text, 'deny');
    expect(graph.interfaceFields.map(({ conditions }) => conditions)).toEqual([[]]);
  });
});
