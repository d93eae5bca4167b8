import { execute, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createFederation } from '../execute/federation.test-support.ts';

describe('fields that require one field with different arguments', () => {
  const prices = { EUR: 2, USD: 3 };
  type Reference = { upc: string; price?: number; weight?: number; parts?: { size: number }[] };
  const federation = createFederation([
    {
      name: 'shipping',
      sdl: `type Product @key(fields: "upc") {
          upc: String!
          weight: Int @external
          price(currency: Currency!): Int @external
          parts: [Part!] @external
          inDollars(times: Int): Int @requires(fields: "price(currency: USD) weight")
          inEuros(times: Int): Int @requires(fields: "weight price(currency: EUR)")
          inches: Int @requires(fields: "parts { size(unit: IN) }")
          centimetres: Int @requires(fields: "parts { size(unit: CM) }")
          code: String
        }
        type Part @external { size(unit: Unit!): Int }
        enum Currency { EUR USD } enum Unit { IN CM }`,
      resolvers: {
        Product: {
          __resolveReference: (reference: Reference) => reference,
          inDollars: ({ price, weight }: Required<Reference>, { times = 1 }) => price * weight * times,
          inEuros: ({ price, weight }: Required<Reference>, { times = 1 }) => price * weight * times,
          inches: ({ parts }: Required<Reference>) => parts.reduce((sum, { size }) => sum + size, 0),
          centimetres: ({ parts }: Required<Reference>) => parts.reduce((sum, { size }) => sum + size, 0),
          code: ({ upc }: Reference) => `code ${upc}`,
        },
      },
    },
    {
      name: 'products',
      sdl: `type Query { products: [Product] }
        type Product @key(fields: "upc") { upc: String! weight: Int price(currency: Currency!): Int parts: [Part!] }
        type Part { size(unit: Unit!): Int }
        enum Currency { EUR USD } enum Unit { IN CM }`,
      resolvers: {
        Query: { products: () => [{ upc: '1' }, { upc: '2' }] },
        Product: {
          weight: ({ upc }: Reference) => 10 * Number(upc),
          price: (_: unknown, { currency }: { currency: 'EUR' | 'USD' }) => prices[currency],
          parts: () => [{}, {}],
        },
        Part: { size: (_: unknown, { unit }: { unit: string }) => (unit === 'IN' ? 1 : 2.54) * 100 },
      },
    },
  ]);

  test('get each its own, in one fetch document', async () => {
    federation.takeSent();
    const query = `query ($d: Int, $e: Int) { products {
      inDollars(times: $d) inEuros(times: $e) price(currency: EUR) inches centimetres code
    } }`;
    const one = { price: 2, inches: 200, centimetres: 508 };
    expect(await federation.run({ query, variables: { d: 1, e: 7 } })).toEqual({
      data: {
        products: [
          { ...one, inDollars: 30, inEuros: 140, code: 'code 1' },
          { ...one, inDollars: 60, inEuros: 280, code: 'code 2' },
        ],
      },
    });
    const sent = federation.takeSent();
    expect(sent.map(({ subgraph }) => subgraph)).toEqual(['products', 'shipping']);
  });

  test('are one fetch where an operation asks for one of them', async () => {
    federation.takeSent();
    expect(await federation.run({ query: '{ products { inEuros other: price(currency: USD) } }' })).toEqual({
      data: {
        products: [
          { inEuros: 20, other: 3 },
          { inEuros: 40, other: 3 },
        ],
      },
    });
    expect(federation.takeSent()).toHaveLength(2);
  });
});

test('a field is required with an argument that clients cannot see, and asked for without', async () => {
  const federation = createFederation([
    {
      name: 'a',
      sdl: `type Query { item: Item } type Item @key(fields: "id") {
          id: ID! size(unit: Int @inaccessible): Int @external double: Int @requires(fields: "size(unit: 4)")
        }`,
      resolvers: {
        Query: { item: () => ({ id: '1' }) },
        Item: {
          __resolveReference: (reference: object) => reference,
          double: ({ size }: { size: number }) => size * 2,
        },
      },
    },
    {
      name: 'b',
      sdl: 'type Item @key(fields: "id") { id: ID! size(unit: Int @inaccessible): Int }',
      resolvers: { Item: { size: (_: unknown, { unit = 1 }: { unit?: number }) => 100 * unit } },
    },
  ]);
  expect(await federation.run({ query: '{ item { size double } }' })).toEqual({
    data: { item: { size: 100, double: 800 } },
  });
});

test('an entity goes back to its subgraph by a key that the subgraph resolves', async () => {
  const federation = createFederation([
    {
      name: 'one',
      sdl: `type A @key(fields: "id") { id: ID! parts: Parts! @shareable name: String! }
        type Parts @shareable { one: ID! two: ID! }`,
      resolvers: { A: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `name ${id}` }) } },
    },
    {
      name: 'two',
      sdl: `type Query { a: A }
        type A @key(fields: "parts { one }", resolvable: false) @key(fields: "id parts { two }") {
          id: ID! parts: Parts! @shareable name: String! @external greeting: String! @requires(fields: "name")
        }
        type Parts @shareable { one: ID! two: ID! }`,
      resolvers: {
        Query: { a: () => ({ id: '1', parts: { one: 'x', two: 'y' } }) },
        A: {
          __resolveReference: (reference: { id?: string }) => (reference.id ? reference : null),
          greeting: ({ name }: { name: string }) => `hello ${name}`,
        },
      },
    },
  ]);
  expect(await federation.run({ query: '{ a { greeting } }' })).toEqual({
    data: { a: { greeting: 'hello name 1' } },
  });
});

test('an operation with a root field that the plan leaves out is not run', () => {
  const federation = createFederation([
    { name: 'one', sdl: 'interface Node @key(fields: "id") { id: ID! } type Query { a: Node b: Int }' },
    {
      name: 'two',
      sdl: 'type Node @key(fields: "id", resolvable: false) @interfaceObject { id: ID! field: String } type Query { c: Node }',
    },
  ]);
  const leftOut = /leaves out a root field/;
  expect(() => federation.compile({ query: '{ a { field } }' })).toThrow(leftOut);
  expect(() => federation.compile({ query: '{ b ... { alias: a { field } } }' })).toThrow(leftOut);
  federation.compile({ query: 'query ($c: Boolean!) { b c @include(if: $c) { field } }' });
});

test('a subgraph is not asked for a field that it declares as external, on the way to fields that require each other', async () => {
  const federation = createFederation([
    {
      name: 'b',
      sdl: `type Query { a: A }
        type A @key(fields: "id") { id: ID! size: Int @external weight: Int @requires(fields: "size") }`,
      resolvers: {
        Query: { a: () => ({ id: '1' }) },
        A: {
          __resolveReference: (reference: object) => reference,
          weight: ({ size }: { size: number }) => size * 10,
        },
      },
    },
    {
      name: 'c',
      sdl: `type A @key(fields: "id") { id: ID! size: Int weight: Int @external price: Int @requires(fields: "weight") }`,
      resolvers: {
        A: {
          __resolveReference: (reference: object) => reference,
          size: () => 2,
          price: ({ weight }: { weight: number }) => weight * 3,
        },
      },
    },
  ]);
  expect(await federation.run({ query: '{ a { price } }' })).toEqual({ data: { a: { price: 60 } } });
});

test.each([true, false])(
  'fields of different types get aliases below a fragment under a condition, which is %s',
  async (c) => {
    const federation = createFederation([
      {
        name: 'one',
        sdl: `type Query { all: [Face!]! }
        interface Face { x: Int } type One implements Face { x: Int! } type Two implements Face { x: Int }
        type Three implements Face @key(fields: "id") { id: ID! x: Int @external }`,
        resolvers: {
          Query: { all: () => ['One', 'Two', 'Three'].map((__typename) => ({ __typename, id: '3', x: 1 })) },
        },
      },
      {
        name: 'two',
        sdl: 'type Three @key(fields: "id") { id: ID! x: Int }',
        resolvers: { Three: { __resolveReference: ({ id }: { id: string }) => ({ id, x: Number(id) }) } },
      },
    ]);
    const query = 'query ($c: Boolean!) { all { ... @include(if: $c) { x } } }';
    expect(await federation.run({ query, variables: { c } })).toEqual({
      data: { all: c ? [{ x: 1 }, { x: 1 }, { x: 3 }] : [{}, {}, {}] },
    });
  },
);

test.each([true, false])('an entity is not sent without a whole key, where the field is %s', async (c) => {
  const federation = createFederation([
    {
      name: 'a',
      sdl: `type Query { item: Item }
        type Item @key(fields: "part code") { part: Int! code: Int! weight: Int @external price: Int @requires(fields: "weight") }`,
      resolvers: {
        Query: { item: () => ({ part: 1, code: 2 }) },
        Item: {
          __resolveReference: (reference: object) => reference,
          price: ({ weight }: { weight: number }) => weight * 3,
        },
      },
    },
    {
      name: 'b',
      sdl: `type Item @key(fields: "part code") @key(fields: "code") { part: Int! code: Int! weight: Int name: String }`,
      resolvers: {
        Item: {
          __resolveReference: ({ code }: { code: number }) => ({ code, part: 1, name: 'n', weight: code }),
        },
      },
    },
  ]);
  const query = 'query ($c: Boolean!) { item { ... on Item @include(if: $c) { price } name } }';
  expect(await federation.run({ query, variables: { c } })).toEqual({
    data: { item: c ? { price: 6, name: 'n' } : { name: 'n' } },
  });
  for (const { subgraph, variables } of federation.takeSent()) {
    if (subgraph === 'a' && variables.representations) {
      expect(variables.representations).toEqual([expect.objectContaining({ part: 1, code: 2 })]);
    }
  }
});

describe('the fields of a mutation run in the order of the document, each once', () => {
  const calls: string[] = [];
  const note = (name: string) => () => {
    calls.push(name);
    return 1;
  };
  const federation = createFederation([
    {
      name: 'one',
      sdl: 'type Query { a: Int } type Mutation { first: Int third: Int }',
      resolvers: { Mutation: { first: note('first'), third: note('third') } },
    },
    {
      name: 'two',
      sdl: 'type Mutation { second: Int }',
      resolvers: { Mutation: { second: note('second') } },
    },
  ]);
  const conditions = [
    { a: true, b: true },
    { a: true, b: false },
    { a: false, b: true },
    { a: false, b: false },
  ];
  const head = 'mutation ($a: Boolean!, $b: Boolean!)';

  test.each([
    [
      'a field that comes again without its condition',
      '{ second @include(if: $a) first second @skip(if: $b) }',
    ],
    [
      'a field that comes again without its two conditions',
      '{ first @skip(if: $a) @include(if: $b) second first }',
    ],
    [
      'conditions that exclude each other',
      '{ first @skip(if: $a) @include(if: $a) third @skip(if: $b) first }',
    ],
    [
      'fragments under one condition, apart from each other',
      '{ ... @skip(if: $a) { first @skip(if: $b) } third ... @skip(if: $a) { key: first @skip(if: $b) } }',
    ],
    [
      'a field under conditions three times',
      '{ ...@include(if: $a) { first @include(if: $b) } third first @include(if: $b) second first @skip(if: $a) }',
    ],
  ])('%s', async (_, fields) => {
    const query = `${head} ${fields}`;
    const document = parse(query);
    for (const variables of conditions) {
      const expected: string[] = [];
      const ran = await execute({
        schema: federation.apiSchema,
        document,
        variableValues: variables,
        fieldResolver: (_source, _args, _context, { fieldName }) => {
          expected.push(fieldName);
          return 1;
        },
      });
      calls.length = 0;
      const { data, errors } = await federation.run({ query, variables });
      expect(errors).toBeUndefined();
      expect(JSON.stringify(data)).toBe(JSON.stringify(ran.data));
      expect(calls).toEqual(expected);
    }
  });

  test('an operation whose conditions give a field too many places is not planned', () => {
    const numbers = Array.from({ length: 7 }, (_, index) => index);
    const variables = numbers.map((number) => `$a${number}: Boolean! $b${number}: Boolean!`);
    const fields = numbers.map((number) => `first @skip(if: $a${number}) @include(if: $b${number})`);
    const query = `mutation (${variables.join(' ')}) { ${fields.join(' third ')} }`;
    expect(() => federation.compile({ query })).toThrow(/more than 64 places/);
  });
});

describe('two types of an interface that a subgraph knows as an object', () => {
  const prices: Record<string, number> = { EUR: 2, USD: 3 };
  const federation = createFederation([
    {
      name: 'media',
      sdl: `type Query { all: [Media!]! } interface Media @key(fields: "id") { id: ID! }
        type Book implements Media @key(fields: "id") { id: ID! } type Film implements Media @key(fields: "id") { id: ID! }`,
      resolvers: {
        Query: { all: () => ['Book', 'Film'].map((__typename) => ({ __typename, id: __typename })) },
      },
    },
    {
      name: 'prices',
      sdl: `type Media @key(fields: "id") @interfaceObject { id: ID! price(in: Currency, times: Int): Int votes: Int shop: Shop! strict(in: Currency): Int }
        type Shop { price(in: Currency): Int } enum Currency { EUR USD }`,
      resolvers: {
        Media: {
          __resolveReference: (reference: object) => reference,
          price: (_: unknown, { in: currency, times = 1 }: { in: string; times?: number }) =>
            (prices[currency] ?? 0) * times,
          votes: () => 100,
          shop: () => ({}),
          strict({ id }: { id: string }, { in: currency }: { in: string }) {
            if (currency === 'EUR') throw new Error(`not ${currency} ${id}`);
            return prices[currency];
          },
        },
        Shop: { price: (_: unknown, { in: currency }: { in: string }) => (prices[currency] ?? 0) * 10 },
      },
    },
  ]);

  test.each([
    [
      'arguments',
      '{ all { ...on Book { price(in: EUR) } ...on Film { price(in: USD) } } }',
      [{ price: 2 }, { price: 3 }],
    ],
    [
      'arguments, in another order',
      '{ all { ...on Book { price(in: EUR, times: 2) } ...on Film { price(times: 2, in: EUR) } ...on Media { price(times: 2, in: EUR) } } }',
      [{ price: 4 }, { price: 4 }],
    ],
    [
      'fields',
      '{ all { ...on Book { key: votes } ...on Film { key: price(in: USD) } } }',
      [{ key: 100 }, { key: 3 }],
    ],
    [
      'arguments under a condition',
      'query ($c: Boolean = true) { all { ...on Book { price(in: EUR) @include(if: $c) } ...on Film { price } } }',
      [{ price: 2 }, { price: 0 }],
    ],
    [
      'arguments in objects below',
      '{ all { ...on Book { shop { price(in: USD) } } ...on Film { shop { price(in: EUR) } } } }',
      [{ shop: { price: 30 } }, { shop: { price: 20 } }],
    ],
  ])('have different %s under one key', async (_, query, all) => {
    expect(await federation.run({ query })).toEqual({ data: { all } });
  });

  test('have them beside a part that asks for the schema', async () => {
    const query =
      '{ __type(name: "Shop") { price: name } all { ...on Book { price(in: EUR) } ...on Film { price(in: USD) } } }';
    // The entrance answers the part about the schema.
    expect(await federation.run({ query })).toEqual({
      data: { __type: null, all: [{ price: 2 }, { price: 3 }] },
    });
  });

  test('have an error at the client\u2019s key', async () => {
    const query = '{ all { ...on Book { key: strict(in: USD) } ...on Film { key: strict(in: EUR) } } }';
    const { data, errors } = await federation.run({ query });
    expect(data).toEqual({ all: [{ key: 3 }, { key: null }] });
    expect(errors?.map(({ message, path }) => [message, path])).toContainEqual([
      'not EUR Film',
      ['all', 1, 'key'],
    ]);
  });
});

test.each(['One', 'Two'])(
  'an entity is not sent without any key, where fragments exclude each other: %s',
  async (type) => {
    const federation = createFederation([
      {
        name: 'a',
        sdl: 'type Query { a: Face } type Face @key(fields: "id") @interfaceObject { id: ID! x: Int }',
        resolvers: {
          Query: { a: () => ({ id: '1' }) },
          Face: { __resolveReference: (reference: object) => reference },
        },
      },
      {
        name: 'b',
        sdl: `interface Face @key(fields: "id") { id: ID! } type One implements Face @key(fields: "id") { id: ID! }
        type Two implements Face @key(fields: "id") { id: ID! }`,
        resolvers: { Face: { __resolveReference: ({ id }: { id: string }) => ({ __typename: type, id }) } },
      },
    ]);
    const query = 'query ($c: Boolean!) { a { ...on One { ...on Face @skip(if: $c) { ...on Two { x } } } } }';
    expect(await federation.run({ query, variables: { c: false } })).toEqual({ data: { a: {} } });
    for (const { variables } of federation.takeSent()) {
      expect(variables.representations ?? [{ id: '1' }]).toEqual([expect.objectContaining({ id: '1' })]);
    }
  },
);

/** No object of `One` is an `Entity`. */
const unions = createFederation([
  {
    name: 'c',
    sdl: `type Query { c: Entity } type Value { x: Int @shareable } type Entity @key(fields: "id") { id: ID! y: Int }
      union One = Value union Two = Value | Entity`,
  },
  {
    name: 'd',
    sdl: `type Query { d: Two! } type Value { x: Int @shareable } type Entity @key(fields: "id") { id: ID! z: Int }
      union Two = Value | Entity`,
    resolvers: { Query: { d: () => ({ __typename: 'Value', x: 1 }) } },
  },
]);

describe('a fragment that can never apply is not planned for', () => {
  test.each([
    ['{ d { ... on One { ... on Two { ... on Entity { __typename } } } } }', {}],
    ['{ d { ... on One { ... on Two { ... on Entity { id } x: __typename } } } }', { x: 'Value' }],
    [
      '{ d { ... on Value { ...Both } } } fragment Both on Two { ... on Entity { id } ... on Value { x } }',
      { x: 1 },
    ],
    ['{ d { ... on One { ... on Two { ...Never } } } } fragment Never on Entity { id }', {}],
    ['{ d { ... on Entity { ...Never } } } fragment Never on Two { ... on One { __typename } }', {}],
  ])('%s', async (query, d) => {
    expect(await unions.run({ query })).toEqual({ data: { d } });
  });

  test('under a condition, where a subgraph knows the interface as an object', async () => {
    const federation = createFederation([
      {
        name: 'a',
        sdl: 'type Media @key(fields: "id") @interfaceObject { id: ID! } type Query { all: [Media!] @shareable }',
        resolvers: { Query: { all: () => [{ id: '1' }] } },
      },
      {
        name: 'b',
        sdl: `interface Media @key(fields: "id") { id: ID! } type Book implements Media @key(fields: "id") { id: ID! }
          type Film implements Media @key(fields: "id") { id: ID! } type Query { all: [Media!] @shareable }`,
        resolvers: {
          Query: { all: () => [{ __typename: 'Book', id: '1' }] },
          Media: { __resolveType: () => 'Book', __resolveReference: (reference: object) => reference },
        },
      },
    ]);
    const query =
      'query ($c: Boolean!) { all { ... on Book { ... on Media @include(if: $c) { ... on Film { id } } } } }';
    for (const c of [true, false]) {
      expect(await federation.run({ query, variables: { c } })).toEqual({ data: { all: [{}] } });
    }
  });
});

/** Not corrected: docs/decisions/0036-planner-faults.md. These tell when the planner has been. */
describe('a fault of the planner that stays', () => {
  test('it throws for a fragment by name of which nothing can apply in its place', () => {
    const query = '{ d { ... on One { ...Inner } } } fragment Inner on Two { ... on Entity { id } }';
    expect(() => unions.compile({ query })).toThrow(/Cannot add fragment of condition/);
  });

  test('the same under a condition, where a subgraph has the interface as an object', () => {
    const media = createFederation([
      {
        name: 'a',
        sdl: 'type Media @key(fields: "id") @interfaceObject { id: ID! } type Query { all: [Media!] @shareable }',
      },
      {
        name: 'b',
        sdl: `interface Media @key(fields: "id") { id: ID! } type Book implements Media @key(fields: "id") { id: ID! }
          type Film implements Media @key(fields: "id") { id: ID! } type Query { all: [Media!] @shareable }`,
      },
    ]);
    const query = `query ($c: Boolean!) { all { ... on Book { ...Inner @include(if: $c) } } }
      fragment Inner on Media { ... on Film { id } }`;
    expect(() => media.compile({ query })).toThrow(/We should have an edge from/);
  });

  test('it finds no way to a field of an interface that one of its types has as external', () => {
    const federation = createFederation([
      {
        name: 'd',
        sdl: `type Query { value: Value! @shareable } interface Face { x: Float! }
          type Value implements Face { x: Float! @shareable face: Face! @shareable }
          type Entity implements Face @key(fields: "id", resolvable: false) { id: ID! x: Float! @external }`,
      },
      {
        name: 'e',
        sdl: `type Query { value: Value! @shareable } interface Face { x: Float! }
          type Value implements Face { face: Face! @shareable x: Float! @external }
          type Entity implements Face @key(fields: "id") { id: ID! x: Float! }`,
      },
    ]);
    expect(() => federation.compile({ query: '{ value { face { x } } }' })).toThrow(
      /Was not able to find any options/,
    );
  });

  test('it gives fields of different types one key where the subgraph does not know the interface', async () => {
    const two =
      'type Two @key(fields: "id") { id: ID! x: Int } type Three @key(fields: "id") { id: ID! x: Int! }';
    const federation = createFederation([
      {
        name: 'a',
        sdl: `interface Face { x: Int } type One implements Face { x: Int }
          type Two implements Face @key(fields: "id", resolvable: false) { id: ID! x: Int @external }
          type Three implements Face @key(fields: "id", resolvable: false) { id: ID! x: Int! @external }
          type Query { one: One }`,
      },
      { name: 'b', sdl: `${two} union Any = Two | Three type Query { any: Any }` },
    ]);
    const query = 'query ($c: Boolean!) { any { ... on Face { ... @include(if: $c) { x } } } }';
    const { data, errors } = await federation.run({ query, variables: { c: true } });
    expect(data).toEqual({ any: null });
    // The subgraph refuses the document. Without resolvers it would answer null.
    expect(errors).toHaveLength(1);
  });

  test.each([
    [
      'is asked for, and takes the object along',
      '{ order { size { unit } cost } }',
      { size: null, cost: -1 },
    ],
    ['is not asked for', '{ order { cost } }', { cost: 6 }],
  ])(
    'it asks once for an object that the client and @requires need: a field that fails %s',
    async (_, query, order) => {
      const federation = createFederation([
        {
          name: 'orders',
          sdl: 'type Query { order: Order } type Order @key(fields: "id") { id: ID! size: Size } type Size { w: Int h: Int unit: String! }',
          resolvers: {
            Query: { order: () => ({ id: '1' }) },
            Order: { size: () => ({ w: 2, h: 3 }) },
          },
        },
        {
          name: 'costs',
          sdl: `type Order @key(fields: "id") { id: ID! size: Size @external cost: Int @requires(fields: "size { w h }") }
          type Size @external { w: Int h: Int }`,
          resolvers: {
            Order: {
              __resolveReference: (reference: object) => reference,
              cost: ({ size }: { size: { w: number; h: number } | null }) => (size ? size.w * size.h : -1),
            },
          },
        },
      ]);
      const { data, errors = [] } = await federation.run({ query });
      expect(data).toEqual({ order });
      expect(errors.map(({ path }) => path)).toEqual('size' in order ? [['order', 'size', 'unit']] : []);
    },
  );
});

test.each([true, false])(
  'what a field requires, and only a later fetch brings, keeps no other fetch from being sent: its condition is %s',
  async (c) => {
    type Item = { id: string; weight?: number };
    const federation = createFederation([
      {
        name: 'shop',
        sdl: `type Query { item: Item @provides(fields: "id") }
          type Item @key(fields: "code") {
            id: ID! @external code: ID! @shareable part: Int! @shareable weight: Int @requires(fields: "id")
          }`,
        resolvers: {
          Query: { item: () => ({ id: '4', code: 'c', part: 1 }) },
          Item: { __resolveReference: (item: Item) => item, weight: ({ id }: Item) => Number(id) },
        },
      },
      {
        name: 'prices',
        sdl: `type Item @key(fields: "id") @key(fields: "part code") {
          id: ID! code: ID! @shareable part: Int! @shareable weight: Int @external price: Int! @requires(fields: "weight")
        }`,
        resolvers: {
          Item: {
            __resolveReference: (item: Item) => ({ code: 'c', part: 1, ...item }),
            price: ({ weight }: Item) => Number(weight) * 10,
          },
        },
      },
    ]);
    const query = 'query ($c: Boolean!) { item @skip(if: $c) { price } item { price @include(if: $c) } }';
    expect(await federation.run({ query, variables: { c } })).toEqual({ data: { item: { price: 40 } } });
  },
);
