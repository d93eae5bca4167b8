import { readFileSync } from 'node:fs';
import { readExampleOperations } from '@signet/schema/example-operations';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { getIntrospectionQuery, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { type Asked, check, checkDocument, readGraph, repeat } from './documents.test-support.ts';

const refusal = (reason: string, text = '') =>
  expect.objectContaining({ reason: `request.limit.${reason}`, message: expect.stringContaining(text) });
const fragments = (count: number, body: (next: string) => string) =>
  Array.from(
    { length: count },
    (_, index) => `fragment f${index} on Query { ${body(`f${index + 1}`)} }`,
  ).join(' ');
const costOf = (text: string, asked: Asked = {}) => check(text, asked)?.cost;

const generated = readGraph(readFileSync(supergraphPath('graph'), 'utf8'));

describe('limits on operations', () => {
  it.each(readExampleOperations().map((example) => [example.name, example] as const))(
    'allow the example %s, with much room above',
    (_name, { document, variables = {} }) => {
      expect(check(document, { variables, graph: generated })?.cost).toBeLessThan(2000);
    },
  );

  it('allow the introspection of tools, once', () => {
    const query = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
    });
    expect(check(query, { graph: generated })).toMatchObject({ cost: 0, depth: 1 });
    const twice = query
      .replace('__schema {', '__schema { ...S } again: __schema { ...S } } fragment S on __Schema {')
      .replace(/\}\s*\}\s*fragment FullType/, '} fragment FullType');
    expect(() => check(twice, { graph: generated })).toThrow(refusal('introspection'));
  });

  it.each<[name: string, text: string, reason: string, told: string, asked?: Asked]>([
    [
      'depth',
      '{ me { orders { edges { node { customer { orders { edges { node { items { product { id } } } } } } } } } } }',
      'depth',
      'The operation has 11 fields inside one another. At most 10 are allowed.',
    ],
    [
      'depth in fragments',
      '{ me { ...A } } fragment A on User { orders { edges { node { ...B } } } } fragment B on Order { customer { orders { edges { node { items { product { id } } } } } } }',
      'depth',
      '11 fields',
    ],
    [
      'aliases',
      `{ ${repeat(16, 'a%: __typename')} me { ${repeat(15, 'b%: id')} } }`,
      'aliases',
      'has 31 aliases. At most 30',
    ],
    [
      'aliases in fragments that are spread often',
      `{ me { ${repeat(16, '...F')} } } fragment F on User { a: id b: email }`,
      'aliases',
      '32 aliases',
    ],
    ['root fields', `{ ${repeat(21, '__typename')} }`, 'root_fields', '21 root fields'],
    [
      'root fields in fragments',
      `{ ${repeat(3, '...F')} ... { ...F } } fragment F on Query { ${repeat(6, '__typename')} }`,
      'root_fields',
      '24 root fields',
    ],
    ['fields', `{ me { ${repeat(1000, 'id')} } }`, 'fields', '1001 fields'],
    [
      'empty fragments',
      `{ ${repeat(12, '...A')} __typename } fragment A on Query { ${repeat(100, '...B')} } fragment B on Query { ...C }`,
      'fields',
      'fields and fragments',
    ],
    [
      'directives at a field',
      '{ me { id @include(if: true) @a @b @c @d @e } }',
      'directives',
      'A part of the document has 6 directives of its own. At most 5',
    ],
    ['directives at an operation', `query ${repeat(6, '@a')} { me { id } }`, 'directives', '6 directives'],
    [
      'directives at a variable',
      `query($a: Int ${repeat(6, '@a')}) { me { id } }`,
      'directives',
      '6 directives',
    ],
    [
      'directives at a fragment',
      `{ ...F } fragment F on Query ${repeat(6, '@a')} { me { id } }`,
      'directives',
      '6 directives',
    ],
    [
      'directives at a spread',
      `{ ...F ${repeat(6, '@a')} ... ${repeat(6, '@a')} { me { id } } }`,
      'directives',
      '6 directives',
    ],
    [
      'directives in all',
      `{ me { ${repeat(51, 'id @a @b')} } }`,
      'directives',
      'The document has 102 directives. At most 100',
    ],
    ['fragments', `{ me { id } } ${repeat(101, 'fragment f% on User { id }')}`, 'fragments', '101 fragments'],
    ['operations', repeat(21, 'query q% { me { id } }'), 'operations', '21 operations'],
    [
      'a page',
      '{ products(first: 201) { totalCount } }',
      'list_size',
      'A list or page has 201 items. At most 200',
    ],
    [
      'a page by a variable',
      'query($n: Int!) { products(first: $n) { totalCount } }',
      'list_size',
      '500 items',
      { variables: { n: 500 } },
    ],
    [
      'a page by a default',
      'query($n: Int! = 500) { products(first: $n) { totalCount } }',
      'list_size',
      '500 items',
    ],
    [
      'a page as long as Int allows',
      '{ products(first: 2147483647) { totalCount } }',
      'list_size',
      'over 1000000 items',
    ],
    [
      'a list',
      `{ products(filter: { text: [${'1,'.repeat(201)}] }) { totalCount } }`,
      'list_size',
      '201 items',
    ],
    ['a list in a directive', `{ me @a(b: [${'1,'.repeat(201)}]) { id } }`, 'list_size', '201 items'],
    [
      "a list in a variable's default",
      `query($a: [Int] = [${'1,'.repeat(201)}]) { me { id } }`,
      'list_size',
      '201 items',
    ],
    [
      'a list in a variable',
      'query($a: [ID!]) { me { id } }',
      'list_size',
      '300 items',
      { variables: { a: Array(300).fill('x') } },
    ],
    [
      'a deep literal',
      '{ products(filter: { a: [[[[[[[[]]]]]]]] }) { totalCount } }',
      'input_depth',
      'at least 9 levels',
    ],
    [
      'a deep variable',
      '{ me { id } }',
      'input_depth',
      'at least 9 levels',
      { variables: { a: [[[[[[[[[]]]]]]]]] } },
    ],
    [
      'cost',
      `{ ${repeat(20, 'a%: products(first: 100) { edges { node { price { amount } } } }')} }`,
      'cost',
      'The operation has 6020 points of cost, as estimated. At most 5000',
    ],
    [
      'pages in pages',
      '{ customers(first: 50) { edges { node { orders(first: 50) { edges { node { id } } } } } } }',
      'cost',
      'points of cost',
    ],
    [
      'two sign-ins',
      'mutation { a: login(input: {}) { expiresIn } b: login(input: {}) { expiresIn } }',
      'credentials',
      'Send one sign-in',
    ],
    [
      'two sign-ins in a fragment',
      'mutation { ...F ...F } fragment F on Mutation { login(input: {}) { expiresIn } }',
      'credentials',
      'Send one sign-in',
    ],
    [
      'schemas in the schema',
      '{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
      'introspection',
      'parts of the schema',
    ],
    [
      'types in a type',
      '{ __type(name: "User") { fields { type { fields { type { fields { type { fields { type { fields { type { fields { name } } } } } } } } } } } } }',
      'introspection',
      'parts of the schema',
    ],
  ])('refuse too much by %s', (_name, text, reason, told, asked = {}) => {
    expect(() => check(text, asked)).toThrow(refusal(reason, told));
  });

  it('hold in operations of the document that do not run, but for the cost', () => {
    const dear = `query Dear { ${repeat(20, 'a%: products(first: 100) { edges { node { price { amount } } } }')} }`;
    expect(() => check(`${dear} query Cheap { me { id } }`)).not.toThrow();
    expect(() => check(`${dear} query Cheap { me { id } }`, { operationName: 'Dear' })).toThrow(
      refusal('cost'),
    );
    const wide = `query Wide { ${repeat(21, '__typename')} }`;
    expect(() => check(`${wide} query Cheap { me { id } }`)).toThrow(refusal('root_fields'));
  });

  it.each([
    'query @a(b: LIST) { me { id } }',
    'query ($v: Int @a(b: LIST)) { me { id } }',
    '{ ...F @a(b: LIST) } fragment F on Query { me { id } }',
    '{ ... @a(b: LIST) { me { id } } }',
    '{ me { id } } fragment F on User @a(b: LIST) { id }',
  ])('hold for the arguments of directives in %j', (text) => {
    expect(() => check(text.replace('LIST', `[${'1,'.repeat(201)}]`))).toThrow(refusal('list_size'));
  });

  it('hold in fragments that nothing uses', () => {
    expect(() => check(`{ me { id } } fragment F on User { id ${repeat(6, '@a')} }`)).toThrow(
      refusal('directives'),
    );
  });

  it('count what @skip and @include leave out', () => {
    const text = `{ ${repeat(21, '__typename @skip(if: true)')} }`;
    expect(() => check(text, { limits: { LIMIT_DIRECTIVES: 1000 } })).toThrow(refusal('root_fields'));
  });

  it('allow exactly as much as the limit says', () => {
    expect(() => check(`{ ${repeat(20, '__typename')} }`)).not.toThrow();
    expect(() => check('{ me { email } }', { limits: { LIMIT_DEPTH: 2 } })).not.toThrow();
    expect(() => check('{ me { email } }', { limits: { LIMIT_DEPTH: 1 } })).toThrow(refusal('depth'));
  });
});

describe('cost', () => {
  it('counts a list of a fixed length as long as it can get', () => {
    expect(costOf('{ mySessions { id } }', { graph: generated })).toBe(100);
    expect(costOf('{ portalSessions { id } }', { graph: generated })).toBe(100);
  });

  it('is the number of objects, with the length that a page asks for', () => {
    // The connection, then for each item its edge, the product and the price.
    const page = (args: string) =>
      `{ products${args} { totalCount edges { node { id price { amount } } } } }`;
    expect(costOf(page('(first: 7)'))).toBe(1 + 7 * 3);
    expect(costOf(page(''))).toBe(1 + 20 * 3);
    const byVariable = `query A($n: Int! = 5) ${page('(first: $n)')}`;
    expect(costOf(byVariable, { variables: { n: 9 } })).toBe(1 + 9 * 3);
    expect(costOf(byVariable)).toBe(1 + 5 * 3);
    // Another operation of the document may call something else by the name.
    const other = 'query B($n: Int! = 1) { products(first: $n) { edges { cursor } } }';
    for (const text of [`${byVariable} ${other}`, `${other} ${byVariable}`]) {
      expect(costOf(text, { operationName: 'A' })).toBe(1 + 5 * 3);
    }
    // What is no Int is refused by its type, later.
    for (const n of ['many', null, 2.5, 3e9]) {
      expect(costOf(byVariable, { variables: { n } })).toBe(1 + 20 * 3);
    }
    expect(costOf(page(`(first: ${'9'.repeat(400)})`))).toBe(1 + 20 * 3);
    expect(costOf(page('(first: 0)'))).toBe(1);
    expect(costOf(page('(first: -5)'))).toBe(1);
  });

  it('finds the page’s list in fragments, under aliases and more than once', () => {
    expect(
      costOf('{ products(first: 7) { ...F } } fragment F on ProductConnection { edges { node { id } } }'),
    ).toBe(15);
    expect(costOf('{ products(first: 7) { ... { a: edges { cursor } b: edges { node { id } } } } }')).toBe(
      22,
    );
  });

  it('multiplies lists in lists', () => {
    expect(costOf('{ me { orders(first: 3) { edges { node { items { product { id } } } } } } }')).toBe(
      1 + 1 + 3 * (2 + 10 * 2),
    );
  });

  it('takes weights from @cost, and more for a mutation', () => {
    expect(costOf('{ dashboard { customers } }')).toBe(500);
    expect(costOf('mutation { cancelOrder(id: 1) { id } }')).toBe(11);
  });

  it('adds the weights of arguments and of their fields where they have a value', () => {
    const cost = (args: string, variables = {}) =>
      costOf(
        `query ($f: ProductFilter, $t: String, $d: String = "x") { products(first: 1, ${args}) { edges { cursor } } }`,
        { variables },
      );
    expect(cost('filter: {}')).toBe(2);
    expect(cost('filter: { category: "a" }')).toBe(2);
    expect(cost('filter: { text: "a" }')).toBe(502);
    expect(cost('near: "a", filter: { text: "a" }')).toBe(572);
    expect(cost('anyOf: [{ text: "a" }, { text: "b" }, {}]')).toBe(1002);
    // By variables: given, absent, null, with a default, and one that several fields share.
    expect(cost('filter: $f', { f: { text: 'a' } })).toBe(502);
    expect(cost('filter: $f', { f: { text: null } })).toBe(2);
    expect(cost('filter: $f')).toBe(2);
    expect(cost('filter: { text: $t }', { t: 'a' })).toBe(502);
    expect(cost('filter: { text: $t }', { t: null })).toBe(2);
    expect(cost('filter: { text: $d }')).toBe(502);
    expect(cost('filter: $f, anyOf: [$f, $f]', { f: { text: 'a' } })).toBe(1502);
    // What has another type is refused later.
    expect(cost('filter: "text", anyOf: 7')).toBe(2);
    expect(cost('filter: { __proto__: { text: 1 } }')).toBe(2);
  });

  it('adds the weights of arguments of a list whose length nothing says', () => {
    expect(costOf('{ categories { similar { id } } }')).toBe(50 * (1 + 10));
    expect(costOf('{ categories { similar(text: "a") { id } } }')).toBe(50 * (1 + 30 + 10));
  });

  it.each(['toString', '__proto__', 'constructor'])(
    'adds nothing for a variable called %s that has no value',
    (name) => {
      const query = `query ($${name}: String) { products(first: 1, near: $${name}) { edges { cursor } } }`;
      expect(costOf(query)).toBe(2);
      expect(costOf(query, { variables: JSON.parse(`{ "${name}": "a" }`) })).toBe(72);
    },
  );

  it('counts what no schema knows, which validation refuses later', () => {
    expect(costOf('{ nothing { nothing { id } } ...Nowhere ... on Nobody { a { b } } }')).toBe(3);
    expect(costOf('{ __proto__ { constructor { toString } } }')).toBe(2);
  });
});

describe('time', () => {
  const generous = { LIMIT_TOKENS: 1e8, LIMIT_FRAGMENTS: 1e8, LIMIT_CHARACTERS: 1e8 };

  it('is linear in the document where fragments double with each line', () => {
    const document = parse(`{ ...f0 } ${fragments(1000, (next) => `...${next} ...${next} a: me { id }`)}`);
    const before = process.threadCpuUsage();
    expect(() => checkDocument(document, { limits: generous })).toThrow(refusal('fields', 'over 1000000'));
    // In CPU time, which other processes do not change. 2 ms here; without remembering fragments it would never end.
    expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(500);
  });

  it('ends where fragments go round in circles', () => {
    expect(() =>
      check('{ ...A } fragment A on Query { ...B me { id } } fragment B on Query { ...A ...B }'),
    ).not.toThrow();
  });
});
