import { expect, test } from 'vitest';
import { createFederation } from './federation.test-support.ts';

test('entities of one place that come with different keys are each sent with their own', async () => {
  type Thing = { id?: string; ref?: { org: string; number: number } };
  const ref = { org: 'o', number: 1 };
  const shared = 'type Ref @shareable { org: ID! number: Int! }';
  const federation = createFederation([
    {
      name: 'one',
      sdl: `${shared} type Query { all: [Face!]! } interface Face { thing: Thing }
        type One implements Face { thing: Thing }
        type Two implements Face @key(fields: "code", resolvable: false) { code: ID! @shareable thing: Thing @external }
        type Three implements Face @key(fields: "code") { code: ID! thing: Thing @provides(fields: "id") }
        type Thing @key(fields: "code") { id: ID! @external code: ID! @shareable ref: Ref! @shareable }`,
      resolvers: {
        Query: {
          all: () => [
            { __typename: 'One', thing: { ref } },
            { __typename: 'Three', thing: { id: '3' } },
            { __typename: 'Two', code: 'c' },
            { __typename: 'One', thing: { ref } },
          ],
        },
      },
    },
    {
      name: 'two',
      sdl: `${shared} type Two @key(fields: "code") { code: ID! @shareable thing: Thing }
        type Thing @key(fields: "ref { org number }") @key(fields: "id") { id: ID! code: ID! @shareable ref: Ref! @shareable size: Int! }`,
      resolvers: {
        Two: { __resolveReference: () => ({ thing: { id: '2' } }) },
        Thing: {
          __resolveReference: (thing: Thing) => thing,
          size: ({ id, ref: given }: Thing) => Number(id ?? given?.number),
        },
      },
    },
  ]);
  const [one, two, three] = [1, 2, 3].map((size) => ({ thing: { size } }));
  expect(await federation.run({ query: '{ all { thing { size } } }' })).toEqual({
    data: { all: [one, three, two, one] },
  });
  const sent = federation.takeSent().flatMap(({ variables }) => Object.values(variables).flat());
  expect(sent).toContainEqual({ __typename: 'Thing', ref });
  expect(sent).toContainEqual({ __typename: 'Thing', id: '3' });
  expect(sent).toHaveLength(3);
});
