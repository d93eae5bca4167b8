import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { findAccessFaults } from './find-access-faults.ts';

const imports = `"@authenticated", "@composeDirective", "@context", "@external", "@fromContext", "@key", "@policy", "@provides", "@requires", "@requiresScopes", "@shareable"`;
const header = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${imports}])
  @link(url: "https://specs.signet.dev/access/v1.0", import: ["@platform", "@public"])`;
const subgraph = (sdl: string, { name = 'shop', policies = ['known'], head = header } = {}) => ({
  name,
  sdl: parse(`${head}\n${sdl}`),
  policies,
});

/** `coordinate: fault` of each. */
function faultsOf(...subgraphs: (string | ReturnType<typeof subgraph>)[]): string[] {
  const checked = subgraphs.map((given) => (typeof given === 'string' ? subgraph(given) : given));
  return findAccessFaults(checked).map(({ coordinate, fault }) => `${coordinate}: ${fault}`);
}
const named = (coordinate: string, text: string) =>
  expect.stringMatching(new RegExp(`^${coordinate.replace('.', '\\.')}: .*${text}`));

it('finds nothing where everything has a rule', () => {
  expect(
    faultsOf(
      `type Query { a: A @public }
       type A @key(fields: "id") @authenticated @policy(policies: [["known"]]) { id: ID b: Int @platform(is: USER) }
       interface I { id: ID } type B implements I { id: ID @public } enum E { X } input In { a: Int } scalar S`,
    ),
  ).toEqual([]);
});

describe('what nobody decided', () => {
  it.each([
    ['a field', 'type Query { naked: Int other: Int @public }', ['Query.naked']],
    [
      'a field of an extension',
      'type Query { a: Int @public } extend type Query { naked: Int }',
      ['Query.naked'],
    ],
    ['a type', 'type Query { t: T @public } type T { a: Int b: Int }', ['T.a', 'T.b']],
    ['a field of an implementation', 'interface I { a: Int } type T implements I { a: Int }', ['T.a']],
  ])('is named: %s', (_, sdl, coordinates) => {
    expect(faultsOf(sdl)).toEqual(coordinates.map((coordinate) => named(coordinate, 'no access rule')));
  });

  it('is named in the subgraph that forgot it, also where another one did not', () => {
    const ruled = subgraph('type T @authenticated { a: Int }', { name: 'one' });
    const naked = subgraph('type T { a: Int }', { name: 'two' });
    expect(findAccessFaults([ruled, naked])).toEqual([
      { coordinate: 'T.a', subgraph: 'two', fault: expect.stringContaining('no access rule') },
    ]);
  });

  it('is an entity that is loaded for everybody, though its fields have rules', () => {
    const sdl = (type: string) => `${type} { id: ID @authenticated }`;
    expect(faultsOf(sdl('type E @key(fields: "id")'))).toEqual([named('E', 'is an entity')]);
    expect(faultsOf(sdl('type E @key(fields: "id", resolvable: false)'))).toEqual([]);
    expect(faultsOf(sdl('type E @key(fields: "id") @public'))).toEqual([]);
  });
});

it('names rules on interfaces and on their fields', () => {
  const text = 'is on an interface';
  expect(
    faultsOf(
      'interface I @authenticated { a: Int @public b: Int } extend interface I { c: Int @platform(is: USER) }',
    ),
  ).toEqual([named('I', text), named('I.a', text), named('I.c', text)]);
});

describe('a weaker rule than that of what it reads', () => {
  const weaker = (directive: string, coordinate: string, condition: string) =>
    expect.stringMatching(
      new RegExp(
        `^T\\.weak: has a weaker rule than ${coordinate.replace('.', '\\.')}, .* @${directive} \\(${condition}\\)`,
      ),
    );

  it.each([
    ['@platform(is: PORTAL)', '@authenticated', 'platform portal'],
    ['@platform(is: PORTAL)', '@platform(is: USER)', 'platform portal'],
    ['@authenticated', '@public', 'authenticated'],
    ['@requiresScopes(scopes: "a")', '@authenticated', 'scopes'],
    ['@requiresScopes(scopes: [["a", "b"]])', '@requiresScopes(scopes: "a")', 'scopes'],
    ['@policy(policies: "known")', '@authenticated', 'policies'],
  ])('is named: reads %s under %s', (strict, weak, condition) => {
    const requires = `type T @key(fields: "id") @public {
      id: ID strict: Int @external ${strict} weak: Int ${weak} @requires(fields: "strict") }`;
    // Two platforms are another fault; here they are on two fields.
    expect(faultsOf(requires)).toEqual([weaker('requires', 'T.strict', condition)]);
    const provides = `type T @public { weak: U ${weak} @provides(fields: "strict") }
      type U @key(fields: "id") @public { id: ID strict: Int @external ${strict} }`;
    expect(faultsOf(provides)).toEqual([weaker('provides', 'U.strict', condition)]);
    const fromContext = `type C @context(name: "c") @public { strict: Int ${strict} t: T }
      type T @public { weak(a: Int @fromContext(field: "$c { strict }")): Int ${weak} }`;
    expect(faultsOf(fromContext)).toEqual([weaker('fromContext', 'C.strict', condition)]);
    // As strict as what it reads: nothing wrong.
    for (const sdl of [requires, provides, fromContext]) {
      expect(
        faultsOf(
          sdl.replaceAll(
            new RegExp(`weak(\\(.*?\\))?: (Int|U) ${weak.replace(/[()[\]]/g, '\\$&')}`, 'g'),
            `weak$1: $2 ${strict}`,
          ),
        ),
      ).toEqual([]);
    }
  });

  it('is found where the rule is on the type that is read, or in another subgraph', () => {
    const reads = `type T @key(fields: "id") @public { id: ID u: U @external weak: Int @requires(fields: "u { x { y } }") }
      type U @public { x: X @external } type X @public { y: Int @external }`;
    expect(faultsOf(reads)).toEqual([]);
    expect(faultsOf(reads.replace('type X @public', 'type X @authenticated'))).toEqual([
      weaker('requires', 'X.y', 'authenticated'),
    ]);
    const owner = subgraph('type U @public { x: X @platform(is: PORTAL) } type X @public { y: Int }', {
      name: 'owner',
    });
    expect(faultsOf(reads, owner)).toEqual([weaker('requires', 'U.x', 'platform portal')]);
  });

  it('is found behind an interface and a union, whichever subgraph implements them', () => {
    const types = `interface I { s: Int } union N = A | B
      type A implements I @public { s: Int @external } type B implements I @public { s: Int @external @authenticated }`;
    const reads = (field: string, selection: string) =>
      `type T @key(fields: "id") @public { id: ID i: I @external n: N @external ${field}: Int @requires(fields: "${selection}") } ${types}`;
    expect(faultsOf(reads('weak', 'i { s }'))).toEqual([weaker('requires', 'B.s', 'authenticated')]);
    expect(faultsOf(reads('weak', 'i { ... on A { s } }'))).toEqual([]);
    expect(faultsOf(reads('weak', 'i { ... on B { s } }'))).toEqual([
      weaker('requires', 'B.s', 'authenticated'),
    ]);
    expect(faultsOf(reads('weak', 'n { ... on I { s } }'))).toEqual([
      weaker('requires', 'B.s', 'authenticated'),
    ]);
    const elsewhere = subgraph('interface I { s: Int } type C implements I @platform(is: USER) { s: Int }', {
      name: 'other',
    });
    expect(faultsOf(reads('weak', 'i { ... on A { s } ... { s } }'), elsewhere)).toEqual([
      weaker('requires', 'B.s', 'authenticated'),
      weaker('requires', 'C.s', 'platform user'),
    ]);
  });

  it('is found in a context with a selection for each type, and of a union', () => {
    const sdl = `union K @context(name: "c") = A | B
      type A @context(name: "c") @public { p: Int t: T } type B @context(name: "c") @public { q: Int @authenticated t: T }
      type T @public { weak(a: Int @fromContext(field: "$c ... on A { p } ... on B { q }")): Int }`;
    expect(faultsOf(sdl)).toContainEqual(weaker('fromContext', 'B.q', 'authenticated'));
  });
});

describe('policies', () => {
  it('without a function are named, on fields and on types', () => {
    expect(
      faultsOf(
        'type Q @policy(policies: [["known", "lost"]]) { a: Int @policy(policies: [["known"], ["gone"]]) }',
      ),
    ).toEqual([named('Q', "policy 'lost'"), named('Q.a', "policy 'gone'")]);
  });

  it('of another subgraph do not count', () => {
    const one = subgraph('type Q { a: Int @policy(policies: "mine") }', { policies: ['mine'] });
    const two = subgraph('type Q { b: Int @policy(policies: "mine") }', { policies: [] });
    expect(faultsOf(one, two)).toEqual([named('Q.b', "policy 'mine'")]);
  });

  it.each([
    '@policy(policies: [])',
    '@policy(policies: [["known"], []])',
    '@requiresScopes(scopes: [])',
    '@requiresScopes(scopes: [[]])',
  ])('and scopes in an empty list are named: %s', (rule) => {
    expect(faultsOf(`type Q { a: Int ${rule} }`)).toEqual([named('Q.a', 'an empty list')]);
    expect(faultsOf(`type Q ${rule} { a: Int }`)).toEqual([named('Q', 'an empty list')]);
  });
});

describe('two platforms on one coordinate are named', () => {
  const text = 'has two platforms';
  const other = (sdl: string) => subgraph(sdl, { name: 'other' });

  it('within a subgraph: on a field, on a type, on a field and its type', () => {
    expect(faultsOf('type Q { a: Int @platform(is: USER) @platform(is: PORTAL) b: Int @public }')).toEqual([
      named('Q.a', text),
    ]);
    expect(faultsOf('type Q @platform(is: USER) { a: Int } extend type Q @platform(is: PORTAL)')).toEqual([
      named('Q', text),
    ]);
    expect(faultsOf('type Q @platform(is: USER) { a: Int b: Int @platform(is: PORTAL) }')).toEqual([
      named('Q.b', text),
    ]);
  });

  it('across subgraphs', () => {
    expect(
      faultsOf('type Q { a: Int @platform(is: USER) }', other('type Q { a: Int @platform(is: PORTAL) }')),
    ).toEqual([expect.stringMatching(/^Q\.a: has two platforms \(USER in shop, PORTAL in other\)/)]);
    expect(
      faultsOf('type Q @platform(is: USER) { a: Int }', other('type Q @platform(is: PORTAL) { b: Int }')),
    ).toEqual([named('Q', text)]);
    expect(
      faultsOf('type Q @platform(is: USER) { a: Int }', other('type Q { b: Int @platform(is: PORTAL) }')),
    ).toEqual([named('Q.b', text)]);
  });

  it('and one twice is one', () => {
    expect(
      faultsOf('type Q { a: Int @platform(is: USER) }', other('type Q @platform(is: USER) { a: Int }')),
    ).toEqual([]);
  });
});

describe('a rule under another name is named', () => {
  const federation = 'url: "https://specs.apollo.dev/federation/v2.9"';
  const all = `import: [${imports}]`;
  it.each([
    [
      'a rule',
      `@link(${federation}, import: ["@key", { name: "@policy", as: "@p" }])`,
      'imports @policy as @p',
    ],
    [
      'without brackets',
      `@link(${federation}, import: { name: "@policy", as: "@p" })`,
      'imports @policy as @p',
    ],
    [
      'ours',
      '@link(url: "https://specs.signet.dev/access/v1.0", import: [{ name: "@platform", as: "@only" }])',
      'imports @platform as @only',
    ],
    [
      'what the check reads',
      `@link(${federation}, import: [{ name: "@requires", as: "@needs" }])`,
      'imports @requires as @needs',
    ],
    [
      'something else under its name',
      `@link(url: "https://example.com/x/v1.0", import: [{ name: "@x", as: "@policy" }])`,
      'imports @x as @policy',
    ],
    ['a whole specification', `@link(${federation}, as: "fed", ${all})`, 'as fed'],
    ['ours as a whole', '@link(url: "https://specs.signet.dev/access/v1.0", as: "gate")', 'as gate'],
    [
      'the links',
      `@link(url: "https://specs.apollo.dev/link/v1.0", as: "l") @l(${federation}, ${all})`,
      'as l',
    ],
    [
      'a rule, by renamed links',
      `@l(${federation}, import: [{ name: "@policy", as: "@p" }])`,
      'imports @policy as @p',
    ],
  ])('%s', (_, links, text) => {
    const faults = faultsOf(subgraph('type Q { a: Int }', { head: `extend schema ${links}` }));
    expect(faults).toContainEqual(named('schema', text));
  });

  it.each([
    [
      'not imported',
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])',
    ],
    ['no link at all', 'scalar Nothing'],
  ])('a rule that is used: %s', (_, head) => {
    expect(faultsOf(subgraph('type Q { a: Int @authenticated }', { head }))).toEqual([
      named('schema', 'uses @authenticated without importing it'),
    ]);
    expect(faultsOf(subgraph('type Q @policy(policies: "known") { a: Int }', { head }))).toEqual([
      named('schema', 'uses @policy without importing it'),
    ]);
  });

  it('a rule that bears the prefix of its specification, and would not be read', () => {
    expect(
      faultsOf(
        'type Q @public { a: Int @federation__policy(policies: [["known"]]) b: Int @access__platform(is: USER) }',
      ),
    ).toEqual([named('schema', 'uses @federation__policy'), named('schema', 'uses @access__platform')]);
  });
});
