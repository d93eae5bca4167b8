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

test('an error of a field that the object has not got is left out', async () => {
  const failing = createFederation([
    {
      name: 'media',
      sdl: `type Query { media: Media } interface Media @key(fields: "id") { id: ID! }
        type Book implements Media @key(fields: "id") { id: ID! } type Film implements Media @key(fields: "id") { id: ID! }`,
      resolvers: {
        Query: { media: () => ({ __typename: 'Book', id: 'b1' }) },
        Media: { __resolveType: () => 'Book' },
      },
    },
    {
      name: 'stars',
      sdl: 'type Media @key(fields: "id") @interfaceObject { id: ID! stars: Int }',
      resolvers: {
        Media: {
          __resolveReference: ({ id }: { id: string }) => ({ id }),
          stars: () => {
            throw new Error('no');
          },
        },
      },
    },
  ]);
  const { data, errors } = await failing.run({ query: '{ media { ... on Film { other: stars } stars } }' });
  expect(data).toEqual({ media: { stars: null } });
  expect(errors?.map(({ path }) => path)).toEqual([['media', 'stars']]);
});

describe('an object whose type is asked for and stays unknown', () => {
  const unknown = (resolve: () => unknown) =>
    createFederation([
      {
        name: 'stars',
        sdl: 'type Query { media: [Media] } type Media @key(fields: "id") @interfaceObject { id: ID! stars: Int }',
        resolvers: { Query: { media: () => [{ id: 'b1', stars: 5 }] } },
      },
      {
        name: 'media',
        sdl: `interface Media @key(fields: "id") { id: ID! }
          type Book implements Media @key(fields: "id") { id: ID! pages: Int! }`,
        resolvers: {
          Media: { __resolveType: () => 'Book', __resolveReference: resolve },
          Book: { __resolveReference: resolve, pages: () => null },
        },
      },
    ]);
  const query = '{ media { stars ... on Book { pages } } }';

  test('is null with the error of its field', async () => {
    const { data, errors } = await unknown(() => ({ __typename: 'Book', id: 'b1' })).run({ query });
    expect(data).toEqual({ media: [null] });
    expect(errors?.map(({ path }) => path)).toEqual([['media', 0, 'pages']]);
  });

  test('is null where it does not exist', async () => {
    const { data, errors } = await unknown(() => null).run({ query });
    expect(data).toEqual({ media: [null] });
    expect(errors).toMatchObject([{ path: ['media', 0], extensions: { reason: 'object.not_found' } }]);
  });

  test('is not needed for the fields of the interface', async () => {
    expect(await unknown(() => null).run({ query: '{ media { stars } }' })).toEqual({
      data: { media: [{ stars: 5 }] },
    });
  });
});

describe('an interface that a subgraph knows as an object', () => {
  const media = createFederation(
    [
      {
        name: 'types',
        sdl: `type Query { item: Media } interface Media @key(fields: "id") { id: ID! }
          type Book implements Media @key(fields: "id") { id: ID! } type Film implements Media @key(fields: "id") { id: ID! }`,
        resolvers: {
          Query: { item: () => ({ __typename: 'Film', id: '1' }) },
          Media: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Film', id }) },
        },
      },
      {
        name: 'stars',
        sdl: 'type Query { starred: Media } type Media @key(fields: "id") @interfaceObject { id: ID! stars: Int votes: Int! }',
        resolvers: {
          Query: { starred: () => ({ id: '1' }) },
          Media: {
            __resolveReference: ({ id }: { id: string }) => ({ id }),
            stars: () => 5,
            votes: () => {
              throw new Error('no votes');
            },
          },
        },
      },
      {
        name: 'prices',
        sdl: 'type Media @key(fields: "id") @interfaceObject { id: ID! price: Int }',
        resolvers: {
          Media: {
            __resolveReference: ({ id }: { id: string }) => ({ id }),
            price: () => {
              throw new Error('no price');
            },
          },
        },
      },
    ],
    {},
  );

  test('has an error at what is lost with a field of another type that failed', async () => {
    const { data, errors } = await media.run({ query: '{ item { stars ... on Book { votes } } }' });
    expect(data).toEqual({ item: { stars: null } });
    expect(errors?.map(({ path }) => path)).toEqual([['item', 'stars']]);
  });

  test('has it beside the error of another subgraph', async () => {
    const { data, errors } = await media.run({ query: '{ item { stars price ... on Book { votes } } }' });
    expect(data).toEqual({ item: { stars: null, price: null } });
    expect(errors?.map(({ path }) => path?.join('.')).sort()).toEqual(['item.price', 'item.stars']);
  });

  test('has the error of a field that failed alone, where that takes the object along', async () => {
    const { data, errors } = await media.run({ query: '{ item { stars ... on Film { votes } } }' });
    expect(data).toEqual({ item: null });
    expect(errors?.map(({ path }) => path)).toEqual([['item', 'votes']]);
  });

  test('needs no type for fragments that exclude each other', async () => {
    const query = '{ starred { stars ... on Film { ... on Media { ... on Book { __typename } } } } }';
    expect(await media.run({ query })).toEqual({ data: { starred: { stars: 5 } } });
  });

  test('needs no type where conditions leave out the fields of its types', async () => {
    const query = 'query ($c: Boolean!) { starred { stars ... on Film { __typename @include(if: $c) } } }';
    expect(await media.run({ query, variables: { c: false } })).toEqual({ data: { starred: { stars: 5 } } });
    expect(await media.run({ query, variables: { c: true } })).toEqual({
      data: { starred: { stars: 5, __typename: 'Film' } },
    });
  });
});

test('parts of an object that an interface and one of its types ask for under two keys come together', async () => {
  const parts = createFederation([
    {
      name: 'a',
      sdl: `type Query { faces: [Item] } union Any = One | Item interface Face { part: Part } type One implements Face { part: Part! @shareable }
        type Two implements Face { part: Part @shareable } type Part { x: Int! @shareable y: Int! @shareable list: [Part!] @shareable }
        type Item @key(fields: "id") { id: ID! }`,
      resolvers: {
        Query: {
          faces: () => [{ id: '1' }, { id: '1' }],
        },
      },
    },
    {
      name: 'b',
      sdl: `type Query { face: Face } union Any = One interface Face { part: Part } type One implements Face { part: Part! @shareable } type Two implements Face { part: Part @shareable }
        type Part { x: Int! @shareable y: Int! @shareable list: [Part!] @shareable } type Item @key(fields: "id") { id: ID! face: Face }`,
      resolvers: {
        Query: { face: () => ({ __typename: 'One', part: { x: 1, y: 2, list: [{ x: 3, y: 4 }] } }) },
        Item: {
          __resolveReference: (reference: object) => reference,
          face: () => ({ __typename: 'One', part: { x: 1, y: 2, list: [{ x: 3, y: 4 }] } }),
        },
      },
    },
  ]);
  const face = '{ part { x list { x } } ... on Any { ... on Face { part { y list { y } } } } }';
  const expected = { part: { x: 1, list: [{ x: 3, y: 4 }], y: 2 } };
  expect(await parts.run({ query: `{ face ${face} faces { face ${face} } }` })).toEqual({
    data: { face: expected, faces: [{ face: expected }, { face: expected }] },
  });
});
