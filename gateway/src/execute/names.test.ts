import { describe, expect, test } from 'vitest';
import { createFederation } from './federation.test-support.ts';

const products = [
  { id: 'p1', sku: 'S-1', name: 'Chair' },
  { id: 'p2', sku: 'S-2', name: 'Table' },
];

const federation = createFederation([
  {
    name: 'catalog',
    sdl: `
      type Query { products(first: Int = 2): [Product!]! product(id: ID!): Product echo(text: String = "none"): String }
      type Product @key(fields: "id") { id: ID! sku: String! name(loud: Boolean = false): String! constructor: String }
    `,
    resolvers: {
      Query: {
        products: (_: unknown, { first }: { first: number }) => products.slice(0, first),
        product: (_: unknown, { id }: { id: string }) => products.find((product) => product.id === id),
        echo: (_: unknown, { text }: { text: string }) => text,
      },
      Product: {
        name: ({ name }: { name: string }, { loud }: { loud: boolean }) => (loud ? name.toUpperCase() : name),
        constructor: () => 'built',
      },
    },
  },
  {
    name: 'stock',
    sdl: `
      type Product @key(fields: "id") { id: ID! stock(in: String): Stock }
      type Stock { available: Int! }
    `,
    resolvers: {
      Product: {
        __resolveReference: ({ id }: { id: string }) => ({ id }),
        stock: ({ id }: { id: string }) => ({ available: Number(id.slice(1)) }),
      },
    },
  },
]);

const dataOf = async (query: string, variables: Record<string, unknown> = {}) => {
  const { data, errors } = await federation.run({ query, variables });
  expect(errors).toBeUndefined();
  return data;
};

describe('a response key of the client', () => {
  test.each([
    [
      'spelled like a key',
      '{ products { id: sku stock { available } } }',
      {
        products: [
          { id: 'S-1', stock: { available: 1 } },
          { id: 'S-2', stock: { available: 2 } },
        ],
      },
    ],
    [
      'spelled like a key, for an object',
      '{ product(id: "p1") { id: stock { available } sku } }',
      { product: { id: { available: 1 }, sku: 'S-1' } },
    ],
    [
      'spelled like __typename',
      '{ products(first: 1) { __typename: sku stock { available } } }',
      { products: [{ __typename: 'S-1', stock: { available: 1 } }] },
    ],
    [
      'for __typename, spelled like a key',
      '{ products(first: 1) { id: __typename stock { available } } }',
      { products: [{ id: 'Product', stock: { available: 1 } }] },
    ],
    [
      'spelled like a field of another subgraph',
      '{ products(first: 1) { stock: name other: stock { available } } }',
      { products: [{ stock: 'Chair', other: { available: 1 } }] },
    ],
    [
      'that is no name for a property',
      '{ products(first: 1) { __proto__: sku constructor: name toString: id } }',
      undefined,
    ],
    [
      'that begins like ours',
      '{ products(first: 1) { _0_id: sku _0_: id stock { _0_id: available } } }',
      { products: [{ _0_id: 'S-1', _0_: 'p1', stock: { _0_id: 1 } }] },
    ],
    [
      'of a field with arguments, beside an alias',
      '{ product(id: "p1") { name a: name(loud: true) } }',
      { product: { name: 'Chair', a: 'CHAIR' } },
    ],
  ])('%s gives the right value', async (_, query, expected) => {
    const data = await dataOf(query);
    if (expected) expect(data).toEqual(expected);
    else {
      expect(JSON.stringify(data)).toBe(
        '{"products":[{"__proto__":"S-1","constructor":"Chair","toString":"p1"}]}',
      );
    }
  });

  test('stands where the document has it', async () => {
    const data = await dataOf(
      '{ b: product(id: "p1") { stock { available } sku id } a: __typename products(first: 1) { name } }',
    );
    expect(JSON.stringify(data)).toBe(
      '{"b":{"stock":{"available":1},"sku":"S-1","id":"p1"},"a":"Query","products":[{"name":"Chair"}]}',
    );
  });
});

test('a field named like a property of every object is read from the answer alone', async () => {
  expect(await dataOf('{ products(first: 1) { constructor } }')).toEqual({
    products: [{ constructor: 'built' }],
  });
});

test.each(['representations', 'r0', '_0_r0', '_0_vrepresentations', '__proto__', 'constructor'])(
  'a variable may be named %s',
  async (name) => {
    const query = `query ($${name}: String, $loud: Boolean) { echo(text: $${name}) product(id: "p2") { name(loud: $loud) stock(in: $${name}) { available } } }`;
    const variables = JSON.parse(`{"${name}":"here"}`);
    expect(await dataOf(query, variables)).toEqual({
      echo: 'here',
      product: { name: 'Table', stock: { available: 2 } },
    });
    expect(federation.takeSent().filter(({ query: sent }) => sent.includes('_entities'))).not.toEqual([]);
  },
);
