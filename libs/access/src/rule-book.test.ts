import { parse } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { conditionsOf, isByDefault, readRuleBook, withDefaultAccess } from './rule-book.ts';

/** Whom a rule admits that says nothing of callers. */
const persons = { kind: 'callers', are: ['person'] };
const read = (sdl: string) => readRuleBook(parse(sdl));

describe('conditionsOf', () => {
  it('gives what stands on the type and on the field, and nothing for @public', () => {
    const book = read(`
      type A @authenticated { own: Int @platform(is: USER) public: Int @public none: Int }
      type B { open: Int @public both: Int @public @authenticated naked: Int }`);
    expect(conditionsOf(book, 'A', 'own')).toEqual([
      { kind: 'authenticated' },
      { kind: 'platform', is: 'user' },
      persons,
    ]);
    // @public beside another rule yields to it.
    expect(conditionsOf(book, 'A', 'public')).toEqual([{ kind: 'authenticated' }, persons]);
    expect(conditionsOf(book, 'B', 'both')).toEqual([{ kind: 'authenticated' }, persons]);
    expect(conditionsOf(book, 'A', 'none')).toEqual([{ kind: 'authenticated' }, persons]);
    expect(conditionsOf(book, 'B', 'open')).toEqual([]);
  });

  it('is undefined where nothing was written, for unknown fields and types, and for names that objects inherit', () => {
    const book = read('type B { naked: Int }');
    for (const [type, field] of [
      ['B', 'naked'],
      ['B', 'unknown'],
      ['Unknown', 'naked'],
      ['constructor', 'name'],
      ['B', '__proto__'],
    ] as const) {
      expect(conditionsOf(book, type, field)).toBeUndefined();
    }
  });

  it('puts extensions together, in any order, on types and on fields', () => {
    const book = read(`
      extend type A @platform(is: PORTAL) { b: Int @requiresScopes(scopes: [["customers:write"]]) }
      type A @authenticated { a: Int }
      extend type A { c: Int }`);
    const ofType = [{ kind: 'platform', is: 'portal' }, { kind: 'authenticated' }, persons];
    expect(conditionsOf(book, 'A', 'a')).toEqual(ofType);
    expect(conditionsOf(book, 'A', 'c')).toEqual(ofType);
    expect(conditionsOf(book, 'A', 'b')).toEqual([
      ...ofType,
      { kind: 'scopes', anyOf: [['customers:write']] },
    ]);
  });

  it('keeps every one of repeated rules: a field that two subgraphs rule holds both', () => {
    const book = read(`type A {
      a: Int @policy(policies: [["x"]]) @policy(policies: [["y"], ["z"]]) @requiresScopes(scopes: [["s"]])
    }`);
    expect(conditionsOf(book, 'A', 'a')).toEqual([
      persons,
      { kind: 'policies', anyOf: [['x']] },
      { kind: 'policies', anyOf: [['y'], ['z']] },
      { kind: 'scopes', anyOf: [['s']] },
    ]);
  });
});

it('applies the rule of a scalar and of an enum to every field with such a value', () => {
  const book = read(`
    type A { iban: [Iban!]! @public state: State other: Int }
    scalar Iban @authenticated enum State @requiresScopes(scopes: "s") { ON } extend scalar Iban @platform(is: PORTAL)`);
  expect(conditionsOf(book, 'A', 'iban')).toEqual([
    { kind: 'authenticated' },
    { kind: 'platform', is: 'portal' },
    persons,
  ]);
  expect(conditionsOf(book, 'A', 'state')).toEqual([persons, { kind: 'scopes', anyOf: [['s']] }]);
  expect(conditionsOf(book, 'A', 'other')).toBeUndefined();
});

describe('withDefaultAccess', () => {
  const written = read(`
    type A @platform(is: USER) { own: Int }
    type B { ruled: Int @requiresScopes(scopes: [["s"]]) open: Int @public none: Int }
    interface I { none: Int }`);

  it.each([
    ['deny', undefined],
    ['authenticated', [{ kind: 'authenticated' }, persons]],
    ['public', []],
  ] as const)('%s holds for fields without a rule, and adds nothing to a rule', (defaultAccess, expected) => {
    const book = withDefaultAccess(written, defaultAccess);
    expect(conditionsOf(book, 'B', 'none')).toEqual(expected);
    expect(conditionsOf(book, 'A', 'own')).toEqual([{ kind: 'platform', is: 'user' }, persons]);
    expect(conditionsOf(book, 'B', 'ruled')).toEqual([persons, { kind: 'scopes', anyOf: [['s']] }]);
    expect(conditionsOf(book, 'B', 'open')).toEqual([]);
    expect([isByDefault(book, 'B', 'none'), isByDefault(book, 'B', 'open')]).toEqual([
      defaultAccess !== 'deny',
      false,
    ]);
  });

  it('leaves what the book does not name refused', () => {
    const book = withDefaultAccess(written, 'public');
    for (const [type, field] of [
      ['B', 'unknown'],
      ['Unknown', 'none'],
      ['constructor', 'name'],
    ] as const) {
      expect(conditionsOf(book, type, field)).toBeUndefined();
    }
  });
});

test.each([
  ['[["a", "b"], ["c"]]', [['a', 'b'], ['c']]],
  ['[["a"]]', [['a']]],
  ['["a", "b"]', [['a'], ['b']]],
  ['["a"]', [['a']]],
  ['"a"', [['a']]],
  ['[]', []],
  ['[[]]', [[]]],
  // No name of anything: nobody holds it.
  ['[[null]]', [['']]],
])('reads the list %s as GraphQL coerces it', (text, anyOf) => {
  const book = read(`type A { s: Int @requiresScopes(scopes: ${text}) p: Int @policy(policies: ${text}) }`);
  expect(conditionsOf(book, 'A', 's')).toEqual([persons, { kind: 'scopes', anyOf }]);
  expect(conditionsOf(book, 'A', 'p')).toEqual([persons, { kind: 'policies', anyOf }]);
});

test.each(['STAFF', '"USER"', 'null'])('refuses the platform %s', (value) => {
  expect(() => read(`type A { a: Int @platform(is: ${value}) }`)).toThrow('must be USER or PORTAL');
});

test('tells interfaces and entities', () => {
  const book = read(`
    interface I { a: Int } extend interface I { b: Int }
    type E @key(fields: "id") { id: ID } extend type E { more: Int }
    type F @key(fields: "id", resolvable: true) { id: ID }
    type G @key(fields: "id", resolvable: false) { id: ID }
    extend type H @key(fields: "id", resolvable: false) @key(fields: "sku") { id: ID sku: ID }
    type P { id: ID } enum N { A } input In { a: Int } union U = P scalar S`);
  const names = (flag: 'isInterface' | 'isEntity') =>
    [...book].filter(([, rules]) => rules[flag]).map(([name]) => name);
  expect(names('isInterface')).toEqual(['I']);
  expect(names('isEntity')).toEqual(['E', 'F', 'H']);
  expect([...book.keys()]).toEqual(['I', 'E', 'F', 'G', 'H', 'P']);
});
