import { describe, expect, test } from 'vitest';
import { createFederation } from './federation.test-support.ts';

const books = [
  { __typename: 'Book', id: 'b1', title: 'Moby-Dick', pages: 600 },
  { __typename: 'Film', id: 'f1', title: 'Jaws', minutes: 124 },
];

const federation = createFederation([
  {
    name: 'media',
    sdl: `
      type Query { media: [Media!]! any: [Any!]! secret: Media book: Book }
      interface Media @key(fields: "id") { id: ID! title: String! }
      type Book implements Media @key(fields: "id") { id: ID! title: String! pages: Int! size: Int! @shareable detail: Detail }
      type Film implements Media @key(fields: "id") { id: ID! title: String! minutes: Int! size: Int detail: Detail }
      type Hidden implements Media @key(fields: "id") @inaccessible { id: ID! title: String! }
      type Detail { note: String }
      union Any = Book | Film
    `,
    resolvers: {
      Query: {
        media: () => books,
        any: () => books,
        secret: () => ({ __typename: 'Hidden', id: 'h1', title: 'x' }),
        book: () => books[0],
      },
      Media: {
        __resolveType: ({ __typename }: { __typename: string }) => __typename,
        __resolveReference: ({ id }: { id: string }) => books.find((book) => book.id === id),
      },
      Book: { size: () => 600, detail: () => ({ note: 'bound' }) },
      Film: { size: () => 0, detail: () => ({ note: 'reel' }) },
    },
  },
  { name: 'sizes', sdl: 'type Book @key(fields: "id") { id: ID! size: Int @shareable }' },
  {
    name: 'reviews',
    sdl: `
      type Query { reviewed: [Media!]! }
      type Media @key(fields: "id") @interfaceObject { id: ID! stars: Int! reviews: [Review!]! }
      type Review { text: String! of: Media! }
    `,
    resolvers: {
      Query: { reviewed: () => [{ id: 'b1' }, { id: 'f1' }] },
      Media: {
        __resolveReference: ({ id }: { id: string }) => ({ id }),
        stars: ({ id }: { id: string }) => (id === 'b1' ? 5 : 4),
        reviews: ({ id }: { id: string }) => [{ text: `of ${id}`, of: { id } }],
      },
    },
  },
]);

const ask = (query: string, variables = {}) => federation.run({ query, variables });

describe('abstract types', () => {
  test('have the fields of each type in the order of the document', async () => {
    const { data, errors } = await ask(
      '{ media { ... on Film { minutes } title kind: __typename ... on Book { pages id } } any { ... on Media { title } ... on Film { id } } }',
    );
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toBe(
      '{"media":[{"title":"Moby-Dick","kind":"Book","pages":600,"id":"b1"},{"minutes":124,"title":"Jaws","kind":"Film"}],' +
        '"any":[{"title":"Moby-Dick"},{"title":"Jaws","id":"f1"}]}',
    );
  });

  test('may have fields of one name whose types differ in a subgraph, which the planner renames', async () => {
    federation.takeSent();
    const { data, errors } = await ask(
      '{ any { ... on Book { size detail { note } } ... on Film { size detail { n: note } } } }',
    );
    expect(errors).toBeUndefined();
    expect(federation.takeSent()[0]?.query).toContain('__alias_');
    expect(data).toEqual({
      any: [
        { size: 600, detail: { note: 'bound' } },
        { size: 0, detail: { n: 'reel' } },
      ],
    });
  });

  test('of an object that clients must not see are an error without its name', async () => {
    const { data, errors } = await ask('{ secret { title } }');
    expect(data).toEqual({ secret: null });
    expect(errors).toMatchObject([{ path: ['secret'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(JSON.stringify(errors)).not.toContain('Hidden');
  });
});

describe('interface objects', () => {
  test('give fields to all types of the interface', async () => {
    const { data, errors } = await ask(
      '{ media { title stars ... on Book { pages } } book { stars reviews { text } } }',
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      media: [
        { title: 'Moby-Dick', stars: 5, pages: 600 },
        { title: 'Jaws', stars: 4 },
      ],
      book: { stars: 5, reviews: [{ text: 'of b1' }] },
    });
  });

  test('get their types where they are asked for', async () => {
    const { data, errors } = await ask(
      '{ reviewed { stars } typed: reviewed { __typename title ... on Film { minutes reviews { of { id title } } } } }',
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      reviewed: [{ stars: 5 }, { stars: 4 }],
      typed: [
        { __typename: 'Book', title: 'Moby-Dick' },
        { __typename: 'Film', title: 'Jaws', minutes: 124, reviews: [{ of: { id: 'f1', title: 'Jaws' } }] },
      ],
    });
  });
});

describe('@skip and @include', () => {
  const query = `query ($a: Boolean!, $b: Boolean = true) {
    media @skip(if: $a) { id stars @include(if: $b) ... @include(if: $a) { title } ...More @skip(if: $b) }
    book { ... @include(if: $b) { pages ... @skip(if: $a) { stars } } id }
  } fragment More on Media { title ... on Book { pages @include(if: $a) } }`;

  test.each([
    [
      { a: false },
      {
        media: [
          { id: 'b1', stars: 5 },
          { id: 'f1', stars: 4 },
        ],
        book: { pages: 600, stars: 5, id: 'b1' },
      },
    ],
    [{ a: true }, { book: { pages: 600, id: 'b1' } }],
    [
      { a: false, b: false },
      {
        media: [
          { id: 'b1', title: 'Moby-Dick' },
          { id: 'f1', title: 'Jaws' },
        ],
        book: { id: 'b1' },
      },
    ],
    [{ a: true, b: false }, { book: { id: 'b1' } }],
  ])('hold anywhere: %j', async (variables, expected) => {
    const { data, errors } = await ask(query, variables);
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toBe(JSON.stringify(expected));
  });
});
