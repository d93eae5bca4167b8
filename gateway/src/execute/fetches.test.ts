import { subgraphBodyLimitBytes } from '@signet/service';
import { describe, expect, test } from 'vitest';
import { createFederation, type TestSubgraph } from './federation.test-support.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

const lists: TestSubgraph = {
  name: 'lists',
  sdl: `
    type Query { things(ids: [ID!]!): [Thing!]! other: Thing }
    type Thing @key(fields: "id") { id: ID! next: Thing! mate: Thing! }
  `,
  resolvers: {
    Query: {
      things: (_: unknown, { ids }: { ids: string[] }) => ids.map((id) => ({ id })),
      other: () => ({ id: 'other' }),
    },
    Thing: { next: ({ id }: { id: string }) => ({ id: `${id}+` }), mate: () => ({ id: 'mate' }) },
  },
};
const details: TestSubgraph = {
  name: 'details',
  sdl: `type Thing @key(fields: "id") { id: ID! text(in: String, at: Int): String! box: Box } type Box { size: Int! }`,
  resolvers: {
    Thing: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      text: ({ id }: { id: string }, { in: language = 'en' }: { in?: string }) => `${id} ${language}`,
      box: ({ id }: { id: string }) => ({ size: id.length }),
    },
  },
};

const representationsOf = ({ variables }: { variables: Record<string, unknown> }) =>
  variables.representations as unknown[];

describe('entities', () => {
  const federation = createFederation([lists, details]);
  const things = (ids: string[]) =>
    federation.run({
      query: 'query ($ids: [ID!]!) { things(ids: $ids) { id text box { size } } }',
      variables: { ids },
    });

  test('that are equal are asked for once, and stand at each place', async () => {
    const { data } = await things(['a', 'b', 'a', 'a']);
    const [, fetch] = federation.takeSent();
    expect(fetch && representationsOf(fetch)).toEqual([
      { __typename: 'Thing', id: 'a' },
      { __typename: 'Thing', id: 'b' },
    ]);
    const a = { id: 'a', text: 'a en', box: { size: 1 } };
    expect(data).toEqual({ things: [a, { id: 'b', text: 'b en', box: { size: 1 } }, a, a] });
  });

  test('that are many are asked for in parts, one after the other', async () => {
    const ids = range(1203).map(String);
    const { data, errors } = await things([...ids, '7']);
    expect(errors).toBeUndefined();
    expect(
      federation
        .takeSent()
        .slice(1)
        .map((fetch) => representationsOf(fetch).length),
    ).toEqual([500, 500, 203]);
    expect((data as { things: { text: string }[] }).things.map(({ text }) => text)).toEqual(
      [...ids, '7'].map((id) => `${id} en`),
    );
  });

  test('with long keys are asked for in parts that a subgraph reads', async () => {
    const ids = range(40).map((id) => `${id} ${'ü'.repeat(50_000)}`);
    const { data, errors } = await things(ids);
    expect(errors).toBeUndefined();
    const sent = federation.takeSent().slice(1);
    expect(sent.length).toBeGreaterThan(3);
    for (const { query, variables } of sent) {
      expect(Buffer.byteLength(JSON.stringify({ query, variables }))).toBeLessThanOrEqual(
        subgraphBodyLimitBytes,
      );
    }
    expect((data as { things: unknown[] }).things).toHaveLength(40);
  });

  test('longer than a subgraph reads go out one at a time', async () => {
    await things(range(3).map((id) => `${id} ${'a'.repeat(subgraphBodyLimitBytes)}`));
    expect(
      federation
        .takeSent()
        .slice(1)
        .map((fetch) => representationsOf(fetch).length),
    ).toEqual([1, 1, 1]);
  });

  test('are not asked for further when one part is refused', async () => {
    let count = 0;
    const refusing = createFederation([lists, details], {
      answering: (fetch, answer) =>
        fetch.subgraph === 'details' && ++count === 2
          ? { data: null, errors: [{ message: 'Revoked.', extensions: { code: 'UNAUTHENTICATED' } }] }
          : answer(),
    });
    const { data, errors } = await refusing.run({
      query: 'query ($ids: [ID!]!) { things(ids: $ids) { box { size } } }',
      variables: { ids: range(1200).map(String) },
    });
    expect(count).toBe(2);
    expect(errors).toEqual([
      {
        message: 'Revoked.',
        path: ['things'],
        extensions: { code: 'UNAUTHENTICATED', serviceName: 'details' },
      },
    ]);
    const boxes = (data as { things: { box: unknown }[] }).things.map(({ box }) => box !== null);
    expect(boxes.filter(Boolean)).toHaveLength(500);
  });

  test('have the error of their entity at each place, and many errors are bounded', async () => {
    const failing = createFederation([lists, details], {
      answering: async (fetch, answer) => {
        if (fetch.subgraph !== 'details') return answer();
        const path = ['_entities', 1];
        return {
          data: { _entities: [null, null] },
          errors: range(1000).map((index) => ({ message: String(index), path })),
        };
      },
    });
    const { errors = [] } = await failing.run({
      query: 'query ($ids: [ID!]!) { things(ids: $ids) { box { size } } }',
      variables: { ids: ['0', ...range(4000).map(() => '1')] },
    });
    expect(errors.length).toBeLessThan(2000);
    expect(errors.filter(({ path }) => path?.[1] === 1)).toHaveLength(1000);
  });
});

describe('fetches to one subgraph at one time', () => {
  const query = `query ($in: String, $at: Int = 3) {
    things(ids: ["a"]) { next { text(in: $in) } mate { text(at: $at) box { size } } }
    other { text(in: $in, at: $at) }
  }`;
  const expected = {
    things: [{ next: { text: 'a+ de' }, mate: { text: 'mate en', box: { size: 4 } } }],
    other: { text: 'other de' },
  };

  test('are one document', async () => {
    const federation = createFederation([lists, details]);
    expect(await federation.run({ query, variables: { in: 'de' } })).toEqual({ data: expected });
    const [, merged, ...others] = federation.takeSent();
    expect(others).toEqual([]);
    expect(merged?.query.match(/_entities/g)).toHaveLength(3);
  });

  test('are not where the subgraph asks for that', async () => {
    const federation = createFederation([lists, details], { unmerged: new Set(['details']) });
    expect(await federation.run({ query, variables: { in: 'de' } })).toEqual({ data: expected });
    expect(federation.takeSent()).toHaveLength(4);
  });

  test('get their own errors back, and those of nobody else', async () => {
    const federation = createFederation([lists, details], {
      answering: async (fetch, answer) => {
        const result = await answer();
        if (fetch.subgraph !== 'details' || !result.data) return result;
        const [, second = ''] = Object.keys(result.data);
        return {
          data: { ...result.data, [second]: [{ text: null, box: null }] },
          errors: [{ message: 'no', path: [second, 0, 'box'] }],
        };
      },
    });
    const { data, errors } = await federation.run({
      query: '{ things(ids: ["a"]) { next { box { size } } mate { box { size } } } other { box { size } } }',
    });
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(data).match(/null/g)).toHaveLength(1);
  });

  test('that are refused together are each told', async () => {
    const federation = createFederation([lists, details], {
      answering: (fetch, answer) =>
        fetch.subgraph === 'details' ? { data: null, errors: [{ message: 'no' }] } : answer(),
    });
    const { data, errors } = await federation.run({ query });
    expect(data).toBeNull();
    expect(errors?.map(({ path }) => path?.join('.')).toSorted()).toEqual(['other', 'things']);
  });

  test('with more entities together than an answer may hold go out apart', async () => {
    const federation = createFederation([lists, details]);
    const { errors } = await federation.run({
      query: 'query ($ids: [ID!]!) { things(ids: $ids) { text next { text } mate { text } } }',
      variables: { ids: range(450).map(String) },
    });
    expect(errors).toBeUndefined();
    expect(federation.takeSent()).toHaveLength(3);
  });
});

describe('fields of different groups', () => {
  const auth: TestSubgraph = {
    name: 'auth',
    sdl: `
      type Query { me: String staff: String both: String }
      type Mutation { logout: Boolean login(a: String): String portalLogin(a: String): String }
    `,
    resolvers: {
      Query: { me: () => 'me', staff: () => 'staff', both: () => 'both' },
      Mutation: { logout: () => true, login: () => 'l', portalLogin: () => 'p' },
    },
  };
  const groups: Record<string, string> = {
    'Query.me': 'user',
    'Query.staff': 'portal',
    'Mutation.logout': 'user',
    'Mutation.login': 'user',
    'Mutation.portalLogin': 'portal',
  };
  const federation = createFederation([auth], { groupOf: (_, coordinate) => groups[coordinate] });
  const sentGroups = () =>
    federation.takeSent().map(({ group, query, variables }) => [group, query, variables]);

  test('of a query are two fetches', async () => {
    const { data } = await federation.run({ query: '{ staff me other: staff both }' });
    expect(JSON.stringify(data)).toBe('{"staff":"staff","me":"me","other":"staff","both":"both"}');
    expect(sentGroups().map(([group]) => group)).toEqual(['portal', 'user']);
  });

  test('of a mutation run in their order, each with its own variables', async () => {
    const { data, errors } = await federation.run({
      query:
        'mutation ($x: String, $y: String) { logout a: portalLogin(a: $x) ... { b: login(a: $y) c: logout } d: portalLogin(a: $y) }',
      variables: { x: '1', y: '2' },
    });
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toBe('{"logout":true,"a":"p","b":"l","c":true,"d":"p"}');
    expect(sentGroups().map(([group, , variables]) => [group, variables])).toEqual([
      ['user', {}],
      ['portal', { x: '1' }],
      ['user', { y: '2' }],
      ['portal', { y: '2' }],
    ]);
  });

  test('of one group are one fetch', async () => {
    await federation.run({ query: 'mutation { a: logout b: login c: logout }' });
    expect(sentGroups()).toHaveLength(1);
  });
});

test('a mutation runs its fields in order across subgraphs, and is never merged', async () => {
  const log: string[] = [];
  const subgraph = (name: string, field: string): TestSubgraph => ({
    name,
    sdl: `type Query { ${field}s: Int } type Mutation { ${field}(n: Int): Int }`,
    resolvers: { Mutation: { [field]: (_: unknown, { n }: { n: number }) => log.push(`${field}${n}`) } },
  });
  const federation = createFederation([subgraph('one', 'first'), subgraph('two', 'second')]);
  const { data } = await federation.run({
    query: 'mutation { a: first(n: 1) b: second(n: 2) c: first(n: 3) d: second(n: 4) }',
  });
  expect(log).toEqual(['first1', 'second2', 'first3', 'second4']);
  expect(data).toEqual({ a: 1, b: 2, c: 3, d: 4 });
});

test('@requires gets its fields, with what an unaliased field of the client shares', async () => {
  const federation = createFederation([
    {
      name: 'one',
      sdl: 'type Query { box: Box boxes: [Box] } type Box @key(fields: "id") { id: ID! size: Size weight(in: String): Int } type Size { w: Int! h: Int! }',
      resolvers: {
        Query: {
          box: () => ({ id: '1', size: { w: 2, h: 3 } }),
          boxes: () => [null, { id: '1', size: null }],
        },
        Box: { weight: (_: unknown, { in: unit }: { in?: string }) => (unit === 'g' ? 5000 : 5) },
      },
    },
    {
      name: 'two',
      sdl: 'type Box @key(fields: "id") { id: ID! size: Size @external weight(in: String): Int @external area: Int @requires(fields: "size { w h } weight") } type Size { w: Int! @external h: Int! @external }',
      resolvers: {
        Box: {
          area: ({ size, weight }: { size: { w: number; h: number } | null; weight: number }) =>
            size ? size.w * size.h * weight : -1,
        },
      },
    },
  ]);
  const { data, errors } = await federation.run({
    query: '{ box { w: size { x: h } weight(in: "g") size: id area } boxes { area } }',
  });
  expect(errors).toBeUndefined();
  expect(data).toEqual({
    box: { w: { x: 3 }, weight: 5000, size: '1', area: 30 },
    boxes: [null, { area: -1 }],
  });
});
