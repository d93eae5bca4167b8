import { MapperKind, mapSchema } from '@graphql-tools/utils';
import type { GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildGuarded, type Context, type GuardedSubgraph, refer } from './guarded-subgraph.test-support.ts';
import { idOf } from './policies.ts';
import { anonymousSession, portalSession, userSession } from './sessions.test-support.ts';

type Row = { id: string; owner: string; total: number };
const rows = new Map<string, Row>([
  ['o1', { id: 'o1', owner: 'ada', total: 10 }],
  ['o2', { id: 'o2', owner: 'bob', total: 20 }],
]);
const load = (reference: unknown, { calls }: Context) => {
  calls.push(`load ${idOf(reference)}`);
  return rows.get(idOf(reference) ?? '') ?? null;
};
const orders: GuardedSubgraph = {
  sdl: `
    type Query { product: Product @public }
    type Order @key(fields: "id") @authenticated @policy(policies: [["owner"], ["staff"]]) {
      id: ID owner: String total: Int note: String @platform(is: PORTAL)
    }
    type Product @key(fields: "id", resolvable: false) @public { id: ID name: String }
    type Plain @public { id: ID }`,
  resolvers: { Order: { __resolveReference: load } },
  policies: {
    owner: ({ session, calls }, parent) => {
      calls.push(`judge ${idOf(parent)}`);
      return session.platform === 'user' && rows.get(idOf(parent) ?? '')?.owner === session.userId;
    },
    staff: ({ session }) => session.platform === 'portal',
  },
};
const order = (id: unknown, more: object = {}) => ({ __typename: 'Order', id, ...more });
const selection = '__typename ... on Order { id owner total } ... on Product { id name }';

describe.each<[string, GuardedSubgraph]>([
  ['as it was built', orders],
  ['after a transform before the guards', { ...orders, before: (schema) => mapSchema(schema, {}) }],
  ['after a transform behind the guards', { ...orders, after: (schema) => mapSchema(schema, {}) }],
  [
    'after two of each',
    {
      ...orders,
      before: (schema) => mapSchema(mapSchema(schema, {}), {}),
      after: (schema) =>
        mapSchema(mapSchema(schema, { [MapperKind.OBJECT_FIELD]: (field) => ({ ...field }) }), {}),
    },
  ],
])('references, %s', (_, subgraph) => {
  const schema = buildGuarded(subgraph);

  it('give the row, whatever the representation says beside its key', async () => {
    const forged = order('o1', { owner: 'eve', total: 0, note: 'forged' });
    expect((await refer(schema, userSession('ada'), selection, [forged])).data).toEqual({
      _entities: [{ __typename: 'Order', id: 'o1', owner: 'ada', total: 10 }],
    });
  });

  it('are refused for somebody else’s row, even where only its existence is asked; the others of the request stand', async () => {
    const forged = order('o2', { owner: 'ada' });
    for (const fields of [selection, '__typename']) {
      const { data, refused } = await refer(schema, userSession('ada'), fields, [
        forged,
        order('o1'),
        order('x'),
      ]);
      expect(data?._entities).toEqual([null, expect.objectContaining({ __typename: 'Order' }), null]);
      expect(refused).toEqual({ '_entities.0': 'authz.permission.deny' });
    }
    expect((await refer(schema, portalSession(), selection, [forged])).data).toEqual({
      _entities: [{ __typename: 'Order', id: 'o2', owner: 'bob', total: 20 }],
    });
  });

  it('load nothing for who has no token', async () => {
    const { data, refused, calls } = await refer(schema, anonymousSession, selection, [order('o1')]);
    expect(data).toEqual({ _entities: [null] });
    expect(refused).toEqual({ '_entities.0': 'auth.failure.missing_token' });
    expect(calls).toEqual([]);
  });

  it('meet the rules of fields too', async () => {
    const answer = await refer(schema, userSession('ada'), '... on Order { a: note id }', [order('o1')]);
    expect(answer.data).toEqual({ _entities: [{ a: null, id: 'o1' }] });
    expect(answer.refused).toEqual({ '_entities.0.a': 'authz.platform.deny' });
  });

  it('ask a policy once for an object, however many of its fields are asked for', async () => {
    const { calls } = await refer(schema, userSession('ada'), '... on Order { id owner total a: id }', [
      order('o1'),
    ]);
    expect(calls).toEqual(['load o1', 'judge o1']);
  });

  it.each([
    ['a type that is resolved elsewhere', { __typename: 'Product', id: 'p1', name: 'Forged' }],
    ['a type without a key', { __typename: 'Plain', id: 'x' }],
    ['the query type', { __typename: 'Query' }],
    ['a scalar', { __typename: 'String' }],
    ['an unknown type', { __typename: 'Nothing' }],
    ['a name that objects inherit', { __typename: 'constructor' }],
    ['a type that is no text', { __typename: { toString: 'Order' } }],
    ['no type', { id: 'o1' }],
    ['no object', 'Order'],
  ])('are not taken of %s', async (_title, forged) => {
    for (const session of [anonymousSession, userSession('ada'), portalSession()]) {
      const { data, refused } = await refer(schema, session, selection, [order('o1'), forged]);
      expect(data).toBeNull();
      expect(Object.keys(refused)).toEqual(['_entities']);
    }
  });
});

/** What a careless transform does: types made anew without their extensions. */
function dropReferences(schema: GraphQLSchema): GraphQLSchema {
  const mapped = mapSchema(schema, {});
  for (const type of Object.values(mapped.getTypeMap())) {
    type.extensions = {};
  }
  return mapped;
}

describe('reference resolvers that a transform dropped', () => {
  it('stop the boot when it came before the guards', () => {
    expect(() => buildGuarded({ ...orders, before: dropReferences })).toThrow(
      'Order has no __resolveReference',
    );
  });

  it('give back nothing that the caller wrote when it came after them', async () => {
    const schema = buildGuarded({ ...orders, after: dropReferences });
    const forged = order('o1', { total: 0 });
    const { data, refused } = await refer(schema, userSession('ada'), selection, [forged]);
    expect(data).toBeNull();
    expect(refused).toEqual({ _entities: 'input.representations' });
  });
});

it('takes nothing of a reference resolver that was put there after the guards', async () => {
  const replaced = (schema: GraphQLSchema) => {
    const order = schema.getType('Order');
    if (order) order.extensions = { apollo: { subgraph: { resolveReference: (given: unknown) => given } } };
    return schema;
  };
  const schema = buildGuarded({ ...orders, after: replaced });
  const { data, refused } = await refer(schema, userSession('ada'), selection, [order('o1', { total: 0 })]);
  expect(data).toBeNull();
  expect(refused).toEqual({ _entities: 'input.representations' });
});

it('stops the boot for an entity without a reference resolver, for interfaces too', () => {
  const sdl = 'type Query { a: Int @public } type E @key(fields: "id") @public { id: ID }';
  expect(() => buildGuarded({ sdl })).toThrow('The entity E has no __resolveReference');
  const keyed = `type Query { a: Int @public } interface I @key(fields: "id") { id: ID }
    type A implements I @key(fields: "id") @public { id: ID }`;
  const resolvers = { A: { __resolveReference: () => null } };
  expect(() => buildGuarded({ sdl: keyed, resolvers })).toThrow('The entity I has no __resolveReference');
});

it('judges a reference to an interface by the rules of all that implement it', async () => {
  const schema = buildGuarded({
    sdl: `type Query { a: Int @public } interface I @key(fields: "id") { id: ID }
      type A implements I @key(fields: "id") @public { id: ID }
      type B implements I @key(fields: "id") @platform(is: PORTAL) { id: ID }`,
    resolvers: {
      I: { __resolveReference: () => ({ __typename: 'A', id: 'row' }) },
      A: { __resolveReference: () => ({ id: 'row' }) },
      B: { __resolveReference: () => ({ id: 'row' }) },
    },
  });
  const references = [
    { __typename: 'I', id: '1' },
    { __typename: 'A', id: '1' },
  ];
  const asUser = await refer(schema, userSession(), '... on I { id }', references);
  expect(asUser.data).toEqual({ _entities: [null, { id: 'row' }] });
  expect(asUser.refused).toEqual({ '_entities.0': 'authz.platform.deny' });
  const asStaff = await refer(schema, portalSession(), '... on I { id }', references);
  expect(asStaff.data).toEqual({ _entities: [{ id: 'row' }, { id: 'row' }] });
});
