import { parse, print } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { conditionsOf, readRuleBook } from '../rule-book.ts';
import { normalizeRuleNames } from './rule-names.ts';

const apollo = (spec: string, rest = '') => `@link(url: "https://specs.apollo.dev/${spec}"${rest})`;
const access = (rest = ', import: ["@platform", "@public"]') =>
  `@link(url: "https://specs.signet.dev/access/v1.0"${rest})`;
const supergraph = (links: string, sdl: string) =>
  parse(
    `schema ${apollo('link/v1.0')} ${apollo('join/v0.5', ', for: EXECUTION')} ${links} { query: Query } ${sdl}`,
  );

const ruleOf = (links: string, rule: string, definitions = '') =>
  conditionsOf(
    readRuleBook(normalizeRuleNames(supergraph(links, `${definitions} type Query { a: Int ${rule} }`))),
    'Query',
    'a',
  );

const persons = { kind: 'callers', are: ['person'] };

describe('a rule under another name', () => {
  it.each([
    [
      'an import',
      apollo('authenticated/v0.1', ', import: [{ name: "@authenticated", as: "@login" }]'),
      '@login',
    ],
    ['the prefix', apollo('authenticated/v0.1', ', as: "auth"'), '@auth'],
    ['no name given', apollo('authenticated/v0.1'), '@authenticated'],
    [
      'an import without a list',
      apollo('authenticated/v0.1', ', import: { name: "@authenticated", as: "@x" }'),
      '@x',
    ],
    ['an older link', '@core(feature: "https://specs.apollo.dev/authenticated/v0.1", as: "auth")', '@auth'],
  ])('is read: %s', (_, links, rule) => {
    const definition = `directive ${rule} on FIELD_DEFINITION`;
    expect(ruleOf(links, rule, definition)).toEqual([{ kind: 'authenticated' }, persons]);
  });

  it('is read with its arguments, and ours with the prefix', () => {
    const links = `${apollo('requiresScopes/v0.1', ', as: "rs"')} ${access(', as: "sig"')}`;
    const definitions =
      'directive @rs(scopes: [[rs__Scope!]!]!) on FIELD_DEFINITION directive @sig__platform on OBJECT';
    expect(ruleOf(links, '@rs(scopes: [["a"]]) @sig__platform(is: USER)', definitions)).toEqual([
      { kind: 'platform', is: 'user' },
      persons,
      { kind: 'scopes', anyOf: [['a']] },
    ]);
  });

  it('has its own name in the links, definitions and types of the result', () => {
    const text = print(
      normalizeRuleNames(
        supergraph(
          `${apollo('policy/v0.1', ', as: "p", for: SECURITY')} ${apollo('authenticated/v0.1', ', import: [{ name: "@authenticated", as: "@login" }]')}`,
          `directive @p(policies: [[p__Policy!]!]!) on FIELD_DEFINITION directive @login on FIELD_DEFINITION
           scalar p__Policy type Query { a: Int @login @p(policies: [["x"]]) }`,
        ),
      ),
    );
    expect(text).not.toMatch(/@p\b|p__P|login|as:/);
    expect(text).toContain('@link(url: "https://specs.apollo.dev/policy/v0.1", for: SECURITY)');
    expect(text).toContain('directive @policy(policies: [[policy__Policy!]!]!)');
    expect(text).toContain('scalar policy__Policy');
  });
});

describe('a directive that has the name of a rule', () => {
  it('is no rule where it comes from another specification', () => {
    const links = '@link(url: "https://example.com/visibility/v1.0", import: ["@public", "@authenticated"])';
    const definitions = 'directive @public on FIELD_DEFINITION directive @authenticated on FIELD_DEFINITION';
    expect(ruleOf(links, '@public', definitions)).toBeUndefined();
    expect(ruleOf(links, '@authenticated', definitions)).toBeUndefined();
  });

  it('opens nothing without a link, and closes', () => {
    const definitions = 'directive @public on FIELD_DEFINITION directive @authenticated on FIELD_DEFINITION';
    expect(ruleOf('', '@public', definitions)).toBeUndefined();
    expect(ruleOf(access(), '@public', definitions)).toEqual([]);
    const closed = [{ kind: 'authenticated' }, persons];
    expect(ruleOf('', '@authenticated @callers(are: [SERVICE])', definitions)).toEqual(closed);
    expect(ruleOf('', '@authenticated', definitions)).toEqual([{ kind: 'authenticated' }, persons]);
  });
});

describe('is refused, with its line:', () => {
  test.each([
    ['a later version', apollo('policy/v0.2'), /^line 1: links .*policy\/v0\.2, and only v0\.1/],
    ['no version', apollo('policy'), /only v0\.1 of this specification is known/],
    ['a later version of ours', access().replace('v1.0', 'v2.0'), /access\/v2\.0, and only v1\.0/],
    [
      'an unknown specification for security',
      '@link(url: "https://example.com/guard/v1.0", for: SECURITY)',
      /example\.com\/guard for: SECURITY/,
    ],
    [
      'one name for two rules',
      `${apollo('authenticated/v0.1', ', as: "r"')} ${apollo('policy/v0.1', ', as: "r"')}`,
      /two links give @r two meanings/,
    ],
  ])('%s', (_, links, fault) => {
    expect(() => normalizeRuleNames(supergraph(links, 'type Query { a: Int }'))).toThrow(fault);
  });

  it('all of them at once', () => {
    const links = `${apollo('policy/v0.2')}\n${apollo('authenticated/v0.9')}`;
    expect(() => normalizeRuleNames(supergraph(links, 'type Query { a: Int }'))).toThrow(
      /^line 1: .*\nline 2: .*$/,
    );
  });
});

it('leaves a document alone in which every rule has its own name', () => {
  const document = supergraph(
    `${apollo('authenticated/v0.1')} ${access()}`,
    'directive @public on FIELD_DEFINITION type Query { a: Int @public }',
  );
  expect(normalizeRuleNames(document)).toBe(document);
});

describe('the versions of our specification', () => {
  const link = (version: string, imports: string) =>
    `@link(url: "https://specs.signet.dev/access/${version}", import: [${imports}])`;

  it('are all known', () => {
    expect(ruleOf(link('v1.0', '"@platform"'), '@platform(is: USER)')).toEqual([
      { kind: 'platform', is: 'user' },
      persons,
    ]);
    expect(
      ruleOf(link('v1.1', '"@platform", "@recentAuth"'), '@platform(is: USER) @recentAuth(seconds: 300)'),
    ).toEqual([{ kind: 'platform', is: 'user' }, persons, { kind: 'recentAuth', seconds: 300 }]);
    expect(
      ruleOf(
        link('v1.1', '{ name: "@recentAuth", as: "@fresh" }'),
        '@fresh(seconds: 300)',
        'directive @fresh on OBJECT',
      ),
    ).toEqual([persons, { kind: 'recentAuth', seconds: 300 }]);
  });

  it.each([
    [
      'a rule of a later version',
      link('v1.0', '"@recentAuth"'),
      'imports @recentAuth of https://specs.signet.dev/access/v1.0',
    ],
    [
      'whom a rule admits, in a version before that',
      link('v1.1', '"@callers", "@recentAuth"'),
      'imports @callers of https://specs.signet.dev/access/v1.1',
    ],
    [
      'a version that is not known',
      link('v1.3', '"@recentAuth"'),
      'only v1.0 and v1.1 and v1.2 of this specification',
    ],
  ])('refuse %s', (_, links, fault) => {
    expect(() => ruleOf(links, '@recentAuth(seconds: 300)')).toThrow(fault);
  });
});
