import { subgraphBodyLimitBytes } from '@signet/service';
import { describe, expect, test } from 'vitest';
import { askForEntities } from './entity-batches.ts';
import type { GatewayResponse } from './fetch-answer.ts';

type Representation = { id: string };
type Answering = (representations: readonly Representation[]) => object;

const product = (id: number | string) => ({ __typename: 'Product', id: String(id) });
const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const entitiesOf: Answering = (asked) => ({
  data: { _entities: asked.map(({ id }) => ({ name: `no. ${id}`, price: { tags: [id] } })) },
});

/** Asks as @apollo/gateway does. `sent` holds the representations of each fetch. */
async function ask(representations: readonly Representation[], answering = entitiesOf, query = '{ a }') {
  const sent: Representation[][] = [];
  const variables: unknown[] = [];
  const answer = await askForEntities({ other: 1, representations }, query, async (part) => {
    const asked = part.representations as Representation[];
    sent.push(asked);
    variables.push(part);
    return answering(asked) as GatewayResponse;
  });
  return { answer, sent, variables };
}

describe('equal representations', () => {
  test('are sent once, and answered at each place', async () => {
    const { answer, variables } = await ask([product(1), product(2), product(1), product(1)]);
    expect(variables).toEqual([{ other: 1, representations: [product(1), product(2)] }]);
    expect(answer).toEqual(entitiesOf([product(1), product(2), product(1), product(1)]));
  });

  test('get objects of their own: @apollo/gateway writes into them', async () => {
    const { answer } = await ask([product(1), product(1)]);
    const [one, other] = (answer.data?._entities ?? []) as { price: { tags: unknown[] } }[];
    one?.price.tags.push('changed');
    expect(other?.price.tags).toEqual(['1']);
  });

  test('are null at each place where there is no such entity', async () => {
    const { answer } = await ask([product(1), product(2), product(1)], (asked) => ({
      data: { _entities: asked.map(({ id }) => (id === '1' ? null : { name: id })) },
    }));
    expect(answer).toEqual({ data: { _entities: [null, { name: '2' }, null] } });
  });

  test('have the error of their entity at each place', async () => {
    const extensions = { code: 'FORBIDDEN' };
    const { answer } = await ask([product(1), product(2), product(2)], () => ({
      data: { _entities: [{ name: 'a' }, { name: null }] },
      errors: [
        { message: 'No.', path: ['_entities', 1, 'name'], extensions },
        { message: 'Of all.', path: ['_entities'] },
      ],
    }));
    expect(answer.errors).toEqual([
      { message: 'No.', path: ['_entities', 1, 'name'], extensions },
      { message: 'No.', path: ['_entities', 2, 'name'], extensions },
      { message: 'Of all.', path: ['_entities'] },
    ]);
  });
});

test('many errors of an entity at many places are bounded, and each stands at its first place', async () => {
  const repeated = range(4000).map(() => product(1));
  const { answer } = await ask([product(0), ...repeated], () => ({
    data: { _entities: [null, null] },
    errors: range(1000).map((index) => ({ message: String(index), path: ['_entities', 1] })),
  }));
  const errors = answer.errors ?? [];
  expect(errors.length).toBeLessThan(2000);
  expect(errors.filter(({ path }) => path?.[1] === 1)).toHaveLength(1000);
});

test('the path of an error ends where no operation is as deep', async () => {
  const { answer } = await ask([product(1), product(1)], () => ({
    data: { _entities: [null] },
    errors: [{ message: 'No.', path: ['_entities', 0, 'name', ...range(10_000)] }],
  }));
  expect(answer.errors?.map(({ path = [] }) => path.length)).toEqual([202, 202]);
});

describe('many entities', () => {
  test('are asked for in parts, and answered in their order with their errors', async () => {
    const all = range(1203).map(product);
    const { answer, sent } = await ask([...all, product(7)], (asked) => ({
      ...entitiesOf(asked),
      errors: [{ message: asked[0]?.id, path: ['_entities', 0] }],
    }));
    expect(sent.map(({ length }) => length)).toEqual([500, 500, 203]);
    expect(answer.data).toEqual((entitiesOf([...all, product(7)]) as { data: object }).data);
    expect(answer.errors?.map(({ message, path }) => [message, path?.[1]])).toEqual([
      ['0', 0],
      ['500', 500],
      ['1000', 1000],
    ]);
  });

  test('with long keys are asked for in parts that the subgraph reads', async () => {
    const all = range(40).map((id) => product(`${id} ${'ü'.repeat(50_000)}`));
    const { answer, variables } = await ask(all);
    expect(variables.length).toBeGreaterThan(3);
    for (const part of variables) {
      expect(Buffer.byteLength(JSON.stringify(part)) + 100).toBeLessThan(subgraphBodyLimitBytes);
    }
    expect(answer).toEqual(entitiesOf(all));
  });

  test('leave room for a long query, as JSON writes it', async () => {
    const query = `{ a(text: "${'"\n'.repeat(100_000)}") }`;
    const all = range(500).map((id) => product(`${id} ${'a'.repeat(10_000)}`));
    const { answer, variables } = await ask(all, entitiesOf, query);
    expect(variables.length).toBeGreaterThan(1);
    for (const part of variables) {
      expect(JSON.stringify({ query, variables: part }).length).toBeLessThanOrEqual(subgraphBodyLimitBytes);
    }
    expect(answer).toEqual(entitiesOf(all));
  });

  test('longer than the subgraph reads go out one at a time', async () => {
    const all = range(3).map((id) => product(`${id} ${'a'.repeat(2 * subgraphBodyLimitBytes)}`));
    const { sent } = await ask(all);
    expect(sent.map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  test('fail together when one part is refused', async () => {
    const refusal = { data: null, errors: [{ message: 'Revoked.' }] };
    const { answer, sent } = await ask(range(1200).map(product), (asked) =>
      asked[0]?.id === '500' ? refusal : entitiesOf(asked),
    );
    expect(answer).toEqual(refusal);
    expect(sent).toHaveLength(2);
  });
});

test.each([
  ['too few entities', { _entities: [{}] }],
  ['no list of entities', { _entities: { length: 2 } }],
  ['none', {}],
])('an answer with %s is a fault', async (_, data) => {
  await expect(ask([product(1), product(2)], () => ({ data }))).rejects.toThrow(
    'answered without the 2 entities that were asked for',
  );
});
