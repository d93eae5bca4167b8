import { GraphQLError } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createFederation } from './federation.test-support.ts';

/** What a resolver gives, by the field. Set by each test. */
let values: Record<string, unknown> = {};
const give = (field: string, otherwise: unknown) => () => {
  const value = Object.hasOwn(values, field) ? values[field] : otherwise;
  if (value instanceof Error) throw value;
  return value;
};
const refusal = () =>
  new GraphQLError('You are not allowed to do this.', {
    extensions: { code: 'FORBIDDEN', reason: 'authz.permission.deny' },
  });

const federation = createFederation([
  {
    name: 'orders',
    sdl: `
      type Query { order: Order orders: [Order!] mustHave: Order! }
      type Order { id: ID! note: String items: [Item!]! loose: [Item] customer: Customer owner: Customer! }
      type Item { quantity: Int! product: Product }
      type Customer @key(fields: "id") { id: ID! }
      type Product @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Query: {
        order: give('order', { id: 'o1' }),
        orders: give('orders', [{ id: 'o1' }, { id: 'o2' }]),
        mustHave: give('mustHave', { id: 'o1' }),
      },
      Order: {
        note: give('note', 'hello'),
        items: give('items', [{ quantity: 1 }, { quantity: 2 }]),
        loose: give('loose', [{ quantity: 1 }, null]),
        customer: give('customer', { id: 'c1' }),
        owner: give('owner', { id: 'c1' }),
      },
      Item: { product: give('product', { id: 'p1' }) },
    },
  },
  {
    name: 'auth',
    sdl: 'type Customer @key(fields: "id") { id: ID! email: String! nick: String }',
    resolvers: {
      Customer: {
        __resolveReference: give('Customer', { id: 'c1' }),
        email: give('email', 'c@example.test'),
        nick: give('nick', null),
      },
    },
  },
  {
    name: 'catalog',
    sdl: 'type Product @key(fields: "id") { id: ID! name: String! tags: [String!] }',
    resolvers: {
      Product: {
        __resolveReference: give('Product', { id: 'p1' }),
        name: give('name', 'Chair'),
        tags: give('tags', ['wood']),
      },
    },
  },
]);

const ask = async (query: string, given: Record<string, unknown> = {}) => {
  values = given;
  const { data, errors = [] } = await federation.run({ query });
  return {
    data,
    errors: errors.map(({ path, extensions }) => [path?.join('.'), extensions?.reason ?? extensions?.code]),
  };
};

describe('a null where none may be', () => {
  test('has the error of the subgraph alone, with its code, reason and path', async () => {
    const { data, errors } = await federation.run({ query: '{ order { a: id customer { id b: email } } }' });
    expect({ data, errors }).toEqual({
      data: { order: { a: 'o1', customer: { id: 'c1', b: 'c@example.test' } } },
      errors: undefined,
    });
    values = { email: refusal() };
    expect(await federation.run({ query: '{ order { a: id customer { id b: email } } }' })).toEqual({
      errors: [
        {
          message: 'You are not allowed to do this.',
          path: ['order', 'customer', 'b'],
          extensions: {
            code: 'FORBIDDEN',
            reason: 'authz.permission.deny',
            serviceName: 'auth',
            stacktrace: undefined,
          },
        },
      ],
      data: { order: { a: 'o1', customer: null } },
    });
  });

  test('takes the place above with it, up to the next that may be null', async () => {
    expect(await ask('{ order { id owner { email } } }', { email: refusal() })).toEqual({
      data: { order: null },
      errors: [['order.owner.email', 'authz.permission.deny']],
    });
    expect(await ask('{ mustHave { owner { email } } }', { email: refusal() })).toEqual({
      data: null,
      errors: [['mustHave.owner.email', 'authz.permission.deny']],
    });
    expect(await ask('{ orders { owner { email } } }', { email: refusal() })).toEqual({
      data: { orders: null },
      errors: [
        ['orders.0.owner.email', 'authz.permission.deny'],
        ['orders.1.owner.email', 'authz.permission.deny'],
      ],
    });
  });

  test('that is an item of a list takes the list with it, or stays', async () => {
    expect(
      await ask('{ order { note items { quantity product { name } } loose { product { name } } } }', {
        name: refusal(),
      }),
    ).toEqual({
      data: {
        order: {
          note: 'hello',
          items: [
            { quantity: 1, product: null },
            { quantity: 2, product: null },
          ],
          loose: [{ product: null }, null],
        },
      },
      errors: [
        ['order.items.0.product.name', 'authz.permission.deny'],
        ['order.items.1.product.name', 'authz.permission.deny'],
        ['order.loose.0.product.name', 'authz.permission.deny'],
      ],
    });
    expect(
      await ask('{ order { note items { quantity } } }', { items: [{ quantity: 1 }, { quantity: null }] }),
    ).toEqual({
      data: { order: null },
      errors: [['order.items.1.quantity', undefined]],
    });
  });

  test('that no subgraph explains has an error of ours: the entity is gone', async () => {
    expect(await ask('{ order { items { product { name } } } }', { Product: null })).toEqual({
      data: { order: { items: [{ product: null }, { product: null }] } },
      errors: [
        ['order.items.0.product.name', 'object.not_found'],
        ['order.items.1.product.name', 'object.not_found'],
      ],
    });
    expect(await ask('{ order { items { product { id tags } } } }', { Product: null })).toEqual({
      data: {
        order: { items: [{ product: { id: 'p1', tags: null } }, { product: { id: 'p1', tags: null } }] },
      },
      errors: [],
    });
  });

  test('has an error that names nothing which the document does not hold', async () => {
    values = { Product: null };
    const { errors } = await federation.run({ query: '{ order { items { a: product { b: name } } } }' });
    expect(JSON.stringify(errors)).not.toMatch(/Product|String|name"|product"/);
  });
});

test('an error of a field that planning added stands at the place that the client asked for', async () => {
  const broken = createFederation([
    {
      name: 'one',
      sdl: 'type Query { thing: Thing } type Thing @key(fields: "secretKey") { secretKey: ID! }',
      resolvers: {
        Query: { thing: () => ({}) },
        Thing: {
          secretKey: () => {
            throw new Error('no');
          },
        },
      },
    },
    { name: 'two', sdl: 'type Thing @key(fields: "secretKey") { secretKey: ID! size: Int }' },
  ]);
  const { data, errors } = await broken.run({ query: '{ a: thing { size secretKey: __typename } }' });
  expect(data).toEqual({ a: null });
  expect(errors?.map(({ path }) => path)).toEqual([['a']]);
});

test('an error of a nullable field leaves the rest', async () => {
  expect(
    await ask('{ order { note customer { nick email } } }', { note: refusal(), nick: refusal() }),
  ).toEqual({
    data: { order: { note: null, customer: { nick: null, email: 'c@example.test' } } },
    errors: [
      ['order.note', 'authz.permission.deny'],
      ['order.customer.nick', 'authz.permission.deny'],
    ],
  });
});

describe('a subgraph that is down', () => {
  const down = (name: string) =>
    createFederation(
      [
        {
          name: 'orders',
          sdl: `type Query { orders(first: Int): [Order!] total: Int one: Order @shareable }
            type Order { id: ID! customer: Customer } type Customer @key(fields: "id") { id: ID! }`,
          resolvers: {
            Query: {
              orders: () => [
                { id: 'o1', customer: { id: 'c1' } },
                { id: 'o2', customer: { id: 'c2' } },
              ],
              total: () => 2,
              one: () => ({ id: 'o1', customer: { id: 'c1' } }),
            },
          },
        },
        {
          name: 'auth',
          sdl: 'type Query { me: Customer } type Customer @key(fields: "id") { id: ID! nick: String email: String! }',
          resolvers: { Query: { me: () => ({ id: 'c1', nick: 'x', email: 'y' }) } },
        },
      ],
      {
        answering: (fetch, answer) => {
          if (fetch.subgraph === name) throw new Error('refused');
          return answer();
        },
      },
    );

  test('has an error for each root field of it', async () => {
    const { data, errors } = await down('orders').run({
      query:
        'query ($no: Boolean = false) { a: orders(first: 1) { id } total one @include(if: $no) { id } me { nick } }',
    });
    expect(data).toEqual({ a: null, total: null, me: { nick: 'x' } });
    expect(errors?.map(({ path }) => path)).toEqual([['a'], ['total']]);
    expect(errors?.[0]?.extensions).toEqual({
      code: 'SERVICE_UNAVAILABLE',
      reason: 'service.unavailable',
      serviceName: 'orders',
    });
  });

  test('has one error at the list that its entities are in, or at the one object', async () => {
    const { data, errors } = await down('auth').run({
      query: '{ list: orders { id customer { id nick email } } one { customer { nick } } }',
    });
    expect(data).toEqual({
      list: [
        { id: 'o1', customer: null },
        { id: 'o2', customer: null },
      ],
      one: { customer: { nick: null } },
    });
    expect(errors?.map(({ path }) => path).toSorted()).toEqual([['list'], ['one', 'customer']]);
  });
});
