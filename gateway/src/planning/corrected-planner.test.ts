import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { createFederation, type TestSubgraph } from '../execute/federation.test-support.ts';
import { correct } from './corrected-planner.ts';

type Item = { id?: string; ref?: string; code?: string; weight?: number; size?: number; price?: number };
const itself = { __resolveReference: (reference: Item) => reference };

/** Without one of them it is no Int, which is an error. */
const prices = { ...itself, price: ({ weight, size }: Item) => 10 * Number(weight) + Number(size) };

/** The key of shop leads over old to stock, and over stock to prices. */
const shop: TestSubgraph[] = [
  {
    name: 'shop',
    sdl: 'type Query { item: Item } type Item @key(fields: "code") { code: ID! @shareable }',
    resolvers: { Query: { item: () => ({ code: 'c' }) } },
  },
  {
    name: 'old',
    sdl: 'type Item @key(fields: "code") { code: ID! @shareable id: ID! @shareable }',
    resolvers: { Item: { ...itself, id: () => 'i' } },
  },
  {
    name: 'stock',
    sdl: 'type Item @key(fields: "ref") @key(fields: "id") { id: ID! @shareable ref: ID! @shareable size: Int }',
    resolvers: { Item: { ...itself, ref: () => 'r', size: () => 2 } },
  },
];

test('a field that requires others of several subgraphs, on a way over several keys, is fetched after them', async () => {
  const federation = createFederation([
    ...shop,
    {
      name: 'prices',
      sdl: `type Item @key(fields: "ref") {
        ref: ID! @shareable size: Int @external weight: Int @external price: Int @requires(fields: "weight size")
      }`,
      resolvers: { Item: prices },
    },
    {
      name: 'weights',
      sdl: 'type Item @key(fields: "ref") { ref: ID! @shareable weight: Int }',
      resolvers: { Item: { ...itself, weight: () => 4 } },
    },
  ]);
  expect(await federation.run({ query: '{ item { price } }' })).toEqual({ data: { item: { price: 42 } } });
  const sent = federation.takeSent().map(({ subgraph }) => subgraph);
  expect(sent.at(-1)).toBe('prices');
  expect(sent).toHaveLength(6);
});

const numbered = createFederation([
  ...shop,
  {
    name: 'prices',
    sdl: `type Item @key(fields: "ref") @key(fields: "number") {
          ref: ID! @shareable number: Int! @shareable maker: Maker
          size: Int @external weight: Int @external price: Int @requires(fields: "weight size")
        }
        type Maker @key(fields: "id") { id: ID! }`,
    resolvers: { Item: { ...prices, number: () => 7, maker: () => ({ id: 'm' }) } },
  },
  {
    name: 'weights',
    sdl: `type Item @key(fields: "number") { number: Int! @shareable weight: Int }
        type Maker @key(fields: "id") { id: ID! name: String }`,
    resolvers: {
      Item: { ...itself, weight: () => 4 },
      Maker: { ...itself, name: ({ id }: Item) => `name ${id}` },
    },
  },
  {
    name: 'taxes',
    sdl: 'type Item @key(fields: "ref") { ref: ID! @shareable price: Int @external tax: Int @requires(fields: "price") }',
    resolvers: { Item: { ...itself, tax: ({ price }: Item) => Number(price) * 2 } },
  },
]);

test.each([
  ['{ item { price } }', { price: 42 }],
  ['{ item { price maker { name } } }', { price: 42, maker: { name: 'name m' } }],
  ['{ item { tax } }', { tax: 84 }],
  ['{ item { tax maker { name } price } }', { tax: 84, maker: { name: 'name m' }, price: 42 }],
  ['query ($c: Boolean = true) { item { price @include(if: $c) tax @skip(if: $c) } }', { price: 42 }],
  ['query ($c: Boolean = false) { item { price @include(if: $c) tax @skip(if: $c) } }', { tax: 84 }],
  [
    'query ($c: Boolean = false) { item { ... @include(if: $c) { price } maker { name } } }',
    { maker: { name: 'name m' } },
  ],
])('the same, where one of them is found by a key of its own subgraph: %s', async (query, item) => {
  expect(await numbered.run({ query })).toEqual({ data: { item } });
});

test('a required field that requires others itself is not asked for on the way to its object', async () => {
  const federation = createFederation([
    {
      name: 'shop',
      sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! parts: [Item!]! box: Box! }
        type Box @shareable { size: Int }`,
      resolvers: {
        Query: { item: () => ({ id: '1' }) },
        Item: { ...itself, parts: () => [{ id: '2' }, { id: '3' }], box: () => ({ size: 5 }) },
      },
    },
    {
      name: 'prices',
      sdl: `type Item @key(fields: "id") {
          id: ID! weight: Int! similar: [Item!] parts: [Item!]! @external box: Box! @external
          price: Int @requires(fields: "parts { weight } box { size }")
        }
        type Box @shareable { size: Int }`,
      resolvers: {
        Item: {
          ...itself,
          weight: ({ id }: Item) => Number(id),
          similar: () => [{ id: '4' }],
          price: ({ parts, box }: { parts: { weight: number }[]; box: { size: number } }) =>
            parts.reduce((sum, { weight }) => sum + weight, 0) * box.size,
        },
      },
    },
    {
      name: 'taxes',
      sdl: 'type Item @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }',
      resolvers: { Item: { ...itself, tax: ({ price }: Item) => Number(price) * 2 } },
    },
  ]);
  expect(await federation.run({ query: '{ item { similar { tax } } }' })).toEqual({
    data: { item: { similar: [{ tax: 50 }] } },
  });
});

/** Planning that does not end takes the whole process with it, this test's too. */
test.each(['{ item { size name } }', '{ item { name } }', '{ item { owner { code } size name } }'])(
  'an object that is asked of one subgraph on two ways, one after the other, is planned for: %s',
  async (query) => {
    const owner = { id: 'o', code: 'p' };
    const federation = createFederation([
      {
        name: 'old',
        sdl: `type Owner @key(fields: "code") { id: ID! @shareable code: ID! @shareable }
          type Item @key(fields: "code") { code: ID! @shareable owner: Owner! @shareable }
          type Query { item: Item @shareable }`,
        resolvers: { Query: { item: () => ({ code: 'c' }) }, Item: { ...itself, owner: () => owner } },
      },
      {
        name: 'shop',
        sdl: `type Item @key(fields: "code") { code: ID! @shareable } type Query { item: Item @shareable }`,
        resolvers: { Query: { item: () => ({ code: 'c' }) } },
      },
      {
        name: 'parts',
        sdl: `type Owner @key(fields: "id") { id: ID! @shareable }
          type Item @key(fields: "owner { id }") { code: ID! @shareable part: ID! @shareable owner: Owner! @shareable }`,
        resolvers: { Item: { ...itself, part: () => 'part', code: () => 'c' } },
      },
      {
        name: 'stock',
        sdl: `type Item @key(fields: "part") @key(fields: "ref") {
          code: ID! @shareable part: ID! @shareable ref: ID! @shareable size: Int
        }`,
        resolvers: { Item: { ...itself, ref: () => 'r', code: () => 'c', size: () => 2 } },
      },
      {
        name: 'names',
        sdl: `type Owner @key(fields: "code") { id: ID! @external code: ID! @shareable }
          type Item @key(fields: "ref") {
            ref: ID! @shareable owner: Owner! @external name: String @requires(fields: "owner { id code }")
          }`,
        resolvers: {
          Item: { ...itself, name: (item: { owner: typeof owner }) => `${item.owner.id} ${item.owner.code}` },
        },
      },
    ]);
    const whole = { owner: { code: 'p' }, size: 2, name: 'o p' };
    const asked = Object.entries(whole).filter(([key]) => new RegExp(`\\b${key}\\b`).test(query));
    expect(await federation.run({ query })).toEqual({ data: { item: Object.fromEntries(asked) } });
  },
);

test.each([true, false])(
  'a fetch after one under a condition has that condition only for what needs it, which is %s',
  async (c) => {
    const item = { code: 'c' };
    const federation = createFederation([
      {
        name: 'one',
        sdl: `type Query { all: [Face] } interface Face { box: Box }
          type Box implements Face { box: Box @shareable item: Item @shareable }
          type Thing implements Face @key(fields: "ref") { ref: ID! @shareable box: Box @external }
          type Item @key(fields: "code") { code: ID! @shareable part: String! }`,
        resolvers: {
          Query: {
            all: () => [
              { __typename: 'Box', box: { item } },
              { __typename: 'Thing', ref: 'r' },
            ],
          },
          Item: { ...itself, part: () => 'part' },
        },
      },
      {
        name: 'two',
        sdl: `type Box { box: Box @shareable item: Item @shareable }
          type Thing @key(fields: "ref") { ref: ID! @shareable box: Box }
          type Item @key(fields: "code") {
            id: ID! code: ID! @shareable part: String! @external name: String @requires(fields: "part")
          }`,
        resolvers: {
          Thing: { ...itself, box: () => ({ item }) },
          Item: { ...itself, id: () => 'i', name: ({ part }: { part: string }) => `name of ${part}` },
        },
      },
    ]);
    const query = 'query ($c: Boolean!) { all { box { item { name @include(if: $c) id } } } }';
    const box = { item: c ? { name: 'name of part', id: 'i' } : { id: 'i' } };
    expect(await federation.run({ query, variables: { c } })).toEqual({ data: { all: [{ box }, { box }] } });
  },
);

test.each([
  '... @skip(if: $c) @include(if: $c) { total } total',
  '... @skip(if: $c) { ... @include(if: $c) { total } } total',
])('what excluding conditions and others need is sent: %s', async (selections) => {
  const federation = createFederation([
    {
      name: 'orders',
      sdl: `type Query { order: Order }
        type Order @key(fields: "id") {
          id: ID! @shareable media: [Media!] @external total: Int @requires(fields: "media { ...on Film { id price } }")
        }
        interface Media { id: ID! }
        type Film implements Media @key(fields: "id") { id: ID! @shareable price: Int @external }`,
      resolvers: {
        Query: { order: () => ({ id: '1' }) },
        Order: {
          ...itself,
          total: ({ media }: { media: Item[] }) => media.reduce((sum, { price }) => sum + Number(price), 0),
        },
      },
    },
    {
      name: 'baskets',
      sdl: `type Order @key(fields: "id") { id: ID! @shareable media: [Media!] }
        type Media @key(fields: "id") @interfaceObject { id: ID! }`,
      resolvers: { Order: { ...itself, media: () => [{ id: '2' }, { id: '3' }] } },
    },
    {
      name: 'films',
      sdl: `interface Media @key(fields: "id") { id: ID! }
        type Film implements Media @key(fields: "id") { id: ID! @shareable price: Int }`,
      resolvers: {
        Media: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Film', id }) },
        Film: { ...itself, price: ({ id }: { id: string }) => 10 * Number(id) },
      },
    },
  ]);
  for (const c of [true, false]) {
    const query = `query ($c: Boolean!) { order { ${selections} } }`;
    expect(await federation.run({ query, variables: { c } })).toEqual({ data: { order: { total: 50 } } });
  }
});

test('objects of one place are sent, though only those of one type come with what a field requires', async () => {
  const federation = createFederation([
    {
      name: 'shop',
      sdl: `type Query { all: [Face] } interface Face { item: Item }
        type Thing implements Face { item: Item }
        type Box implements Face @key(fields: "id") { id: ID! item: Item @provides(fields: "weight") }
        type Item @key(fields: "id") { id: ID! @shareable weight: Int @external size: Int }`,
      resolvers: {
        Query: {
          all: () => [
            { __typename: 'Thing', item: { id: '1' } },
            { __typename: 'Box', item: { id: '2', weight: 2, size: 4 } },
          ],
        },
      },
    },
    {
      name: 'prices',
      sdl: `type Item @key(fields: "id") {
        id: ID! @shareable weight: Int size: Int @external price: Int @requires(fields: "size")
      }`,
      resolvers: {
        Item: {
          ...itself,
          weight: ({ id }: Item) => Number(id),
          price: ({ size }: Item) => Number(size) * 10,
        },
      },
    },
  ]);
  const query = '{ all { ... on Box { item { price } } item { weight } } }';
  expect(await federation.run({ query })).toEqual({
    data: { all: [{ item: { weight: 1 } }, { item: { price: 40, weight: 2 } }] },
  });
});

test('an object that is asked of one subgraph twice, once right after the other, is planned for', async () => {
  const maker = { id: 'm', code: 'n', rank: 3 };
  const itemOfShop = { Query: { item: () => ({ code: 'c' }) } };
  const federation = createFederation([
    {
      name: 'prices',
      sdl: `type Query { item: Item @shareable }
        type Item @key(fields: "code") {
          code: ID! @shareable size: Int @external maker: Maker @external
          price: Int @requires(fields: "size maker { code rank }")
        }
        type Maker @key(fields: "id") { id: ID! @shareable code: ID! @external rank: Int @external }`,
      resolvers: {
        ...itemOfShop,
        Item: {
          ...itself,
          price: (item: { size: number; maker: typeof maker }) => item.size * item.maker.rank,
        },
      },
    },
    {
      name: 'makers',
      sdl: `type Query { item: Item @shareable }
        type Item @key(fields: "code") {
          code: ID! @shareable owner: ID! @shareable maker: Maker @provides(fields: "code rank")
        }
        type Maker @key(fields: "id", resolvable: false) { id: ID! @shareable code: ID! @external rank: Int @external }`,
      resolvers: { ...itemOfShop, Item: { ...itself, owner: () => 'o', maker: () => maker } },
    },
    {
      name: 'taxes',
      sdl: `type Item @key(fields: "owner code") {
          code: ID! @shareable owner: ID! @shareable size: Int maker: Maker @external price: Int @external
          tax: Int @requires(fields: "price maker { id code }")
        }
        type Maker @key(fields: "code") { id: ID! @shareable code: ID! rank: Int }`,
      resolvers: { Item: { ...itself, size: () => 2, tax: ({ price }: Item) => Number(price) * 2 } },
    },
  ]);
  expect(await federation.run({ query: '{ item { size tax price } }' })).toEqual({
    data: { item: { size: 2, tax: 12, price: 6 } },
  });
});

test('a planner that is written otherwise is refused, and not left as it is', () => {
  expect(() => correct('')).toThrow(
    /another version of @apollo\/query-planner: .* should have 'if \(parents/,
  );
  const file = createRequire(import.meta.url).resolve('@apollo/query-planner/dist/buildPlan.js');
  const source = readFileSync(file, 'utf8');
  expect(correct(source)).not.toBe(source);
  expect(() => correct(source + source)).toThrow(/another version/);
});
