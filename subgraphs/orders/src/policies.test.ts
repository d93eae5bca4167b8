import type { RelationTuple } from '@signet/access';
import { expect, test } from 'vitest';
import type { GraphqlContext } from './context.ts';
import { policies } from './policies.ts';

const viewer = policies['order.viewer'] as NonNullable<(typeof policies)[string]>;

/** A context whose store knows one tuple: Bob views order 1. */
function createContext(session: object): GraphqlContext {
  const known = { namespace: 'order', object: '1', relation: 'viewer', subject: 'user:bob' };
  const relations = {
    check: async (tuple: RelationTuple) =>
      Object.entries(known).every(([part, value]) => tuple[part as keyof RelationTuple] === value),
  };
  return { session, relations } as unknown as GraphqlContext;
}
const bob = createContext({ platform: 'user', userId: 'bob' });

test('a viewer is who has the relation to the order that the id names', async () => {
  expect(await viewer(bob, { id: '1', user_id: 'ada' }, {})).toBe(true);
  expect(await viewer(bob, { id: '2', user_id: 'bob', object: '1' }, {})).toBe(false);
  expect(await viewer(createContext({ platform: 'user', userId: 'carol' }), { id: '1' }, {})).toBe(false);
});

test.each([
  [
    'staff with the same id',
    createContext({ platform: 'portal', staffId: 'bob', userId: 'bob' }),
    { id: '1' },
  ],
  ['nobody', createContext({ platform: 'none' }), { id: '1' }],
  ['an object without an id', bob, {}],
  ['an id that is no text', bob, { id: ['1'] }],
  ['no object', bob, undefined],
])('%s is no viewer', async (_title, context, parent) => {
  expect(await viewer(context, parent, {})).toBe(false);
});
