import { expect, test } from 'vitest';
import { createFederation } from './federation.test-support.ts';

const sku = (id: unknown) => ({ __typename: 'Product', id });
/** What the second subgraph was asked for. */
const representationsOf = (sent: readonly { variables: Record<string, unknown> }[]) =>
  sent.slice(1).map(({ variables }) => variables.representations);

/** A list whose items the first subgraph gives, with what the second one makes of each representation. */
function listOf(items: readonly object[], requires?: string) {
  const required = requires
    ? `weight: Any @external size: Any @external told: String! @requires(fields: "${requires}")`
    : 'told: String!';
  return createFederation([
    {
      name: 'list',
      sdl: `type Query { items: [Product!]! } scalar Any
        type Product @key(fields: "id") { id: Any weight: Any size: Any }`,
      resolvers: { Query: { items: () => items } },
    },
    {
      name: 'more',
      sdl: `scalar Any type Product @key(fields: "id") { id: Any ${required} }`,
      resolvers: {
        Product: {
          __resolveReference: (given: object) => given,
          told: ({ __typename: _, ...given }: { __typename: string }) => JSON.stringify(given),
        },
      },
    },
  ]);
}
const toldBy = async (federation: ReturnType<typeof listOf>) =>
  (await federation.run({ query: '{ items { told } }' })).data as { items: { told: string }[] };

test('equal entities are asked for once', async () => {
  const federation = listOf([sku('a'), sku('b'), sku('a')]);
  expect(await toldBy(federation)).toEqual({
    items: [{ told: '{"id":"a"}' }, { told: '{"id":"b"}' }, { told: '{"id":"a"}' }],
  });
  expect(representationsOf(federation.takeSent())).toEqual([[sku('a'), sku('b')]]);
});

test('keys of other types and spellings are told apart, also one that is written as a whole representation', async () => {
  const ids = [1, '1', true, 'true', '{"__typename":"Product","id":1}', { a: 1 }, '{"a":1}', '__proto__'];
  const items = [...ids, ...ids].map(sku);
  const federation = listOf(items);
  expect((await toldBy(federation)).items.map(({ told }) => JSON.parse(told).id)).toEqual([...ids, ...ids]);
  expect(representationsOf(federation.takeSent())).toEqual([ids.map(sku)]);
});

test('one key with other values that a field requires is another representation, and with the same values the same', async () => {
  const of = (id: string, weight: unknown, size: unknown) => ({ id, weight, size });
  const different = [
    of('a', 1, 'x'),
    of('a', 2, 'x'),
    of('a', 1, 'y'),
    of('b', 1, 'x'),
    of('a', '1', 'x'),
    of('a', null, 'x'),
    of('a', [1], 'x'),
  ];
  const items = [...different, ...structuredClone(different)];
  const federation = listOf(items, 'weight size');
  const { items: told } = await toldBy(federation);
  expect(told.map(({ told }) => JSON.parse(told))).toEqual(items);
  const [sent] = representationsOf(federation.takeSent());
  expect(sent).toHaveLength(different.length);
});

test('objects of several types that are sent as of one interface are one entity', async () => {
  const federation = createFederation([
    {
      name: 'media',
      sdl: `type Query { media: [Media!]! } interface Media @key(fields: "id") { id: ID! }
        type Book implements Media @key(fields: "id") { id: ID! }
        type Film implements Media @key(fields: "id") { id: ID! }`,
      resolvers: {
        Query: {
          media: () => [
            { __typename: 'Book', id: '1' },
            { __typename: 'Film', id: '1' },
            { __typename: 'Book', id: '1' },
          ],
        },
        Media: { __resolveType: ({ __typename }: { __typename: string }) => __typename },
      },
    },
    {
      name: 'stars',
      sdl: 'type Media @key(fields: "id") @interfaceObject { id: ID! stars: String! }',
      resolvers: {
        Media: {
          __resolveReference: (given: object) => given,
          stars: ({ id }: { id: string }) => `of ${id}`,
        },
      },
    },
  ]);
  const { data } = await federation.run({ query: '{ media { __typename stars } }' });
  expect(data).toEqual({
    media: ['Book', 'Film', 'Book'].map((__typename) => ({ __typename, stars: 'of 1' })),
  });
  expect(representationsOf(federation.takeSent())).toEqual([[{ __typename: 'Media', id: '1' }]]);
});

test('what an entity brings at several places is walked once, below it and below that', async () => {
  const authors = { ann: ['r1', 'r2'], bob: ['r3'] };
  const author = (name: keyof typeof authors) => ({ __typename: 'Author', name });
  const federation = createFederation([
    {
      name: 'books',
      sdl: 'type Query { books: [Book!]! } type Book { by: Author! } type Author @key(fields: "name") { name: ID! }',
      resolvers: {
        Query: { books: () => (['ann', 'bob', 'ann', 'ann'] as const).map((name) => ({ by: author(name) })) },
      },
    },
    {
      name: 'reviews',
      sdl: `type Author @key(fields: "name") { name: ID! reviews: [Review!]! } type Review { about: Book2! }
        type Book2 @key(fields: "id") { id: ID! }`,
      resolvers: {
        Author: {
          __resolveReference: (given: object) => given,
          reviews: ({ name }: { name: keyof typeof authors }) =>
            authors[name].map((id) => ({ about: { __typename: 'Book2', id } })),
        },
      },
    },
    {
      name: 'titles',
      sdl: 'type Book2 @key(fields: "id") { id: ID! title: String! sequel: Book2 }',
      resolvers: {
        Book2: {
          __resolveReference: (given: object) => given,
          title: ({ id }: { id: string }) => `title of ${id}`,
        },
      },
    },
  ]);
  const { data } = await federation.run({ query: '{ books { by { reviews { about { title } } } } }' });
  const byOf = (name: keyof typeof authors) => ({
    by: { reviews: authors[name].map((id) => ({ about: { title: `title of ${id}` } })) },
  });
  expect(data).toEqual({ books: [byOf('ann'), byOf('bob'), byOf('ann'), byOf('ann')] });
  const sent = federation.takeSent();
  expect(sent.map(({ subgraph }) => subgraph)).toEqual(['books', 'reviews', 'titles']);
  expect(representationsOf(sent)).toEqual([
    [author('ann'), author('bob')],
    ['r1', 'r2', 'r3'].map((id) => ({ __typename: 'Book2', id })),
  ]);
});
