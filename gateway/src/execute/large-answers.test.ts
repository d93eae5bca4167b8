import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { AnswerSize, AnswerTooLargeError } from './answer-size.ts';
import type { FetchResult } from './executor.ts';
import { createFederation } from './federation.test-support.ts';
import { compileRepresentation } from './representations.ts';
import { findPlaces } from './result-places.ts';
import { readSupergraphTypes, type SupergraphTypes } from './supergraph-types.ts';

/*
 * What a subgraph sends of one entity belongs to every place where the entity stands, so a small answer can become a large one.
 */

const sdl = {
  one: `type Query { things: [Thing!] }
    type Thing @key(fields: "id") { id: ID! parts: [Part!] @shareable owner: Owner }
    type Part { a: Int }
    type Owner @key(fields: "id") { id: ID! }`,
  two: `type Thing @key(fields: "id") { id: ID! text: String numbers: [Int!] parts: [Part!] @shareable }
    type Part { b: Int }
    type Owner @key(fields: "id") { id: ID! bio: String }`,
  three: `type Thing @key(fields: "id") { id: ID! owner: Owner @external judged: Int @requires(fields: "owner { bio }") }
    type Owner @key(fields: "id") { id: ID! bio: String @external }`,
};

/** `entity`: what is answered of each that is asked for. */
function open(
  places: (index: number) => object,
  count: number,
  entity: (query: string) => FetchResult | undefined,
  maxAnswerBytes?: number,
) {
  return createFederation(
    Object.entries(sdl).map(([name, text]) => ({ name, sdl: text })),
    {
      ...(maxAnswerBytes && { maxAnswerBytes }),
      answering({ body }) {
        const { query, variables } = JSON.parse(body);
        if (query.includes('things')) {
          return { data: { things: Array.from({ length: count }, (_, index) => places(index)) } };
        }
        const answer = entity(query);
        const asked = variables.representations as unknown[];
        return answer ?? { data: { _entities: asked.map(() => null) } };
      },
    },
  );
}

const sameThing = () => ({ __typename: 'Thing', id: 'a' });

async function runBothWays(federation: ReturnType<typeof open>, query: string) {
  const operation = federation.compile({ query });
  const request = { variables: {}, coerced: {}, context: undefined };
  const text = operation.run(request).then(({ text: found }) => JSON.parse(found));
  const [one, other] = await Promise.allSettled([text, operation.runToResult(request)]);
  return [one, other].map((settled) =>
    settled.status === 'fulfilled' ? 'answered' : settled.reason.constructor,
  );
}

describe('an answer that is larger than any client has room for is given up while it is written', () => {
  const ofText = (length: number) => () => ({ data: { _entities: [{ text: 'x'.repeat(length) }] } });
  const maxBytes = 2 ** 20;

  test.each([
    ['a long text at many places', 'text', ofText(30_000), 100],
    [
      'many short values',
      'numbers',
      () => ({ data: { _entities: [{ numbers: new Array(10_000).fill(1) }] } }),
      100,
    ],
  ])('%s', async (_, field, entity, count) => {
    const query = `{ things { ${field} } }`;
    expect(await runBothWays(open(sameThing, count, entity, maxBytes), query)).toEqual([
      AnswerTooLargeError,
      AnswerTooLargeError,
    ]);
    expect(await runBothWays(open(sameThing, count, entity, 64 * maxBytes), query)).toEqual([
      'answered',
      'answered',
    ]);
  });

  test('and the next one is whole', async () => {
    const large = open(sameThing, 100, ofText(30_000), maxBytes);
    await expect(large.run({ query: '{ things { text } }' })).rejects.toThrow(AnswerTooLargeError);
    const small = open(sameThing, 2, ofText(1), maxBytes);
    expect(await small.run({ query: '{ things { text } }' })).toEqual({
      data: { things: [{ text: 'x' }, { text: 'x' }] },
    });
  });
});

test('an error that is long and stands at many places is told at each of them, and in full as often as there is room', async () => {
  const note = 'x'.repeat(100_000);
  const federation = open(sameThing, 400, () => ({
    data: { _entities: [null] },
    errors: [{ message: 'no', path: ['_entities', 0], extensions: { code: 'ODD', note } }],
  }));
  const { data, errors = [] } = await federation.run({ query: '{ things { text } }' });
  expect(data).toEqual({ things: new Array(400).fill({ text: null }) });
  expect(errors.map(({ path }) => path)).toEqual(
    Array.from({ length: 400 }, (_, index) => ['things', index]),
  );
  const full = errors.filter(({ extensions }) => extensions?.note === note);
  expect(full.length).toBeGreaterThan(10);
  expect(JSON.stringify(errors).length).toBeLessThan(5 * 2 ** 20);
  expect(errors.at(-1)?.extensions?.code).toBe('INTERNAL_SERVER_ERROR');
  expect(federation.takeFaults()).toEqual([expect.stringContaining('too long to be told')]);
});

test('an entity that is too large to be copied for all its places fails, and no other', async () => {
  const places = (index: number) => ({ ...sameThing(), parts: [{ a: index }] });
  const parts = new Array(50_000).fill({ b: 1 });
  const federation = open(places, 15, () => ({ data: { _entities: [{ parts }] } }), 2 ** 28);
  const query = '{ things { id parts { a b } } }';
  const { data, errors = [] } = await federation.run({ query });
  expect((data as { things: unknown[] }).things).toHaveLength(15);
  expect(errors.map(({ extensions }) => extensions?.code)).toContain('SERVICE_UNAVAILABLE');
  expect(federation.takeFaults()).toContainEqual(expect.stringContaining('too large for the places'));
});

test('a long value that many representations would repeat is not written for each', async () => {
  const places = (index: number) => ({
    __typename: 'Thing',
    id: `${index}`,
    owner: { __typename: 'Owner', id: 'o' },
  });
  const federation = open(places, 100, (query) =>
    query.includes('bio') ? { data: { _entities: [{ bio: 'x'.repeat(900_000) }] } } : undefined,
  );
  const { errors = [] } = await federation.run({ query: '{ things { judged } }' });
  expect(errors[0]?.extensions?.code).toBe('SERVICE_UNAVAILABLE');
  expect(federation.takeFaults()).toContainEqual(expect.stringContaining('requires of entities is too long'));
  expect(federation.takeSent().filter(({ query }) => query.includes('judged'))).toEqual([]);
});

test('an answer that is a value already, as of another executor, is counted at each place as well', () => {
  const shared = { text: 'x'.repeat(10_000), list: [1, null, { a: true }] };
  const value = (places: number) => ({ things: new Array(places).fill(shared) });
  new AnswerSize(2 ** 20).addValue(value(100));
  expect(() => new AnswerSize(2 ** 20).addValue(value(105))).toThrow(AnswerTooLargeError);
});

test('the path of an error ends where no operation is as deep, at each place where it stands', async () => {
  const deep = 20_000;
  const text = JSON.parse(`${'['.repeat(deep)}null${']'.repeat(deep)}`);
  const federation = open(sameThing, 50, () => ({
    data: { _entities: [{ text }] },
    errors: [{ message: 'no', path: ['_entities', 0, 'text', ...new Array(deep).fill(0)] }],
  }));
  const { errors = [] } = await federation.run({ query: '{ things { text } }' });
  expect(errors).toHaveLength(50);
  for (const { path = [] } of errors) expect([path.length < 300, path[2]]).toEqual([true, 'text']);
});

describe('the places of objects are looked for', () => {
  const countPlaces = (found: Map<object, unknown[]>) =>
    [...found.values()].reduce((sum, { length }) => sum + length, 0);

  test('behind so many values, and no more', () => {
    const parts = new Array(1000).fill({ a: 1 });
    const find = (count: number) =>
      countPlaces(findPlaces({ things: new Array(count).fill({ parts }) }, ['things', '@', 'parts', '@']));
    expect(find(100)).toBe(100_000);
    expect(find(1000)).toBeGreaterThan(190_000);
    expect(find(1000)).toBeLessThan(200_000);
  });

  test('as deep as an operation can be, and no deeper', () => {
    const inLists = (depth: number) => {
      let value: unknown = { id: 'a' };
      for (let level = 0; level < depth; level += 1) value = [value];
      return { things: value };
    };
    expect(countPlaces(findPlaces(inLists(100), ['things', '@']))).toBe(1);
    expect(countPlaces(findPlaces(inLists(300), ['things', '@']))).toBe(0);
  });
});

test('of types that the supergraph does not have, no representation is looked for', () => {
  const types = readSupergraphTypes(parse('type Thing { id: ID }'));
  let asked = 0;
  const counting: SupergraphTypes = {
    ...types,
    isSubtype: (...names) => {
      asked += 1;
      return types.isSubtype(...names);
    },
  };
  const requires = [
    { kind: 'InlineFragment', typeCondition: 'Thing', selections: [{ kind: 'Field', name: 'id' }] },
  ] as QueryPlanSelectionNode[];
  const { identityOf, write } = compileRepresentation({ requires, serviceName: 'two' }, counting);
  for (let number = 0; number < 1000; number += 1) {
    expect(identityOf(`T${number}`)).toBeUndefined();
    expect(write({ __typename: `T${number}`, id: 'a' }, () => true)).toBeUndefined();
  }
  expect(asked).toBe(0);
  expect(write({ __typename: 'Thing', id: 'a' }, () => true)).toBe('{"id":"a"}');
});
