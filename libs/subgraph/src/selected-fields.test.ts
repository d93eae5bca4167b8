import { buildSchema, type GraphQLResolveInfo, graphql } from 'graphql';
import { expect, test } from 'vitest';
import { selectedFields } from './selected-fields.ts';

const schema = buildSchema(`
  type Query { list: List other: List }
  type List { edges: [Edge!]! items: [Int!]! }
  type Edge { node: Node! }
  interface Node { id: ID! }
  type Order implements Node { id: ID! items: [Int!]! }`);

async function ask(source: string): Promise<boolean> {
  let found: boolean | undefined;
  const list = (_args: object, _ctx: unknown, info: GraphQLResolveInfo) => {
    found = selectedFields(info, 'edges', 'node').has('items');
    return null;
  };
  const { errors } = await graphql({ schema, source, rootValue: { list } });
  expect(errors).toBeUndefined();
  return found as boolean;
}

test.each([
  '{ list { edges { node { id ... on Order { items } } } } }',
  '{ list { edges { node { ... on Order { n: items } } } } }',
  '{ list { items } list { edges { node { ...f } } } } fragment f on Order { items }',
  '{ list { ...e } } fragment e on List { edges { ... { node { ...f } } } } fragment f on Order { id items }',
  '{ list { edges @skip(if: true) { node { ... on Order { items } } } } }',
])('%s selects it', async (source) => {
  expect(await ask(source)).toBe(true);
});

test.each([
  '{ list { items edges { node { id } } } }',
  '{ list { edges { node { items: id } } } }',
  '{ list { edges { node { id } } } other { edges { node { ...f } } } } fragment f on Order { items }',
])('%s does not', async (source) => {
  expect(await ask(source)).toBe(false);
});

test('walks a fragment once at each depth, however often it is spread', async () => {
  const doubled = Array.from(
    { length: 60 },
    (_, n) => `fragment f${n} on Node { ...f${n + 1} ...f${n + 1} }`,
  );
  const source = `{ list { edges { node { ...f0 } } } } ${doubled.join(' ')} fragment f60 on Node { id }`;
  expect(await ask(source)).toBe(false);
});

test('tells the names of all fields at a place, not their aliases, and of each place its own', async () => {
  let found: unknown;
  const list = (_args: object, _ctx: unknown, info: GraphQLResolveInfo) => {
    found = [selectedFields(info), selectedFields(info, 'edges'), selectedFields(info, 'edges', 'node')].map(
      (names) => [...names],
    );
    return null;
  };
  const source =
    '{ list { n: items edges { node { id } } ...more } } fragment more on List { edges { __typename node { __typename } } }';
  await graphql({ schema, source, rootValue: { list } });
  expect(found).toEqual([
    ['items', 'edges'],
    ['node', '__typename'],
    ['id', '__typename'],
  ]);
});
