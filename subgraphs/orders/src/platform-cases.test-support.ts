import { expect } from 'vitest';
import type { Asker, PlatformCases } from '../../../launcher/src/platform-cases.test-support.ts';
import { createOrderLoad } from '../e2e/order-load.test-support.ts';

const unknownId = '0199c2f4-7a10-7000-8000-00000000dead';
const page = `orders(first: 3) {
  edges { node { id total { amount currency } customer { email } items { quantity product { id name stock { available } } } } }
}`;

type Node = { id: string; customer: { id: string } };

export default {
  /** For staff, every order of their tenant is their own. */
  async findObjects(caller, { ask, stranger }) {
    const mine = '{ me { id orders(first: 1) { edges { node { id } } } } }';
    const { me } = (await ask(mine, 'user')).body.data;
    const { body } = await ask('{ orders(first: 100) { edges { node { id customer { id } } } } }', 'support');
    const nodes: Node[] = body.data.orders.edges.map((edge: { node: Node }) => edge.node);
    const others = nodes.find(({ customer }) => customer.id !== me.id);
    if (!others) throw new Error("the seed has no other customer's order");
    // No order is a customers' service's.
    if (caller === 'user service') return { Order: { own: unknownId, foreign: others.id } };
    if (caller === 'anonymous' || caller === 'user' || caller === 'impersonated') {
      return { Order: { own: me.orders.edges[0].node.id, foreign: others.id } };
    }
    const elsewhere = (await ask(mine, stranger)).body.data.me;
    return { Order: { own: others.id, foreign: elsewhere.orders.edges[0].node.id } };
  },
  emptyInSeed: ['Order.sharedWith'],
  // Looks at the caller's own account.
  policiesOfArguments: ['Mutation.placeOrder'],
  refusedMutation: {
    query: `mutation { cancelOrder(id: "${unknownId}") { id } }`,
    as: 'user',
    reason: 'input.id',
  },
  snapshot: '{ dashboard { orders { placed shipped cancelled } } }',
  async findQuestions(caller, neighbour) {
    if (caller.platform === 'none') return [];
    if (caller.platform === 'portal') {
      const query = `{ customers(first: 3) { edges { node { email ${page} } } } }`;
      return [{ name: 'customers with orders', query }];
    }
    const [own, foreign] = await Promise.all([caller, neighbour].map(findOrder));
    const query = 'query OneOrder($id: ID!) { order(id: $id) { id total { amount } customer { email } } }';
    return [
      { name: 'orders', query: `{ me { email ${page} } }` },
      ...(own ? [{ name: 'own order', query, variables: { id: own } }] : []),
      ...(foreign ? [{ name: "somebody else's order", query, variables: { id: foreign } }] : []),
      { name: 'an id of another kind', query, variables: { id: { of: own } } },
    ];
  },
  async walk({ ask, database, customer }) {
    await database.query(
      `insert into catalog.category (tenant_id, slug, name) select id, 'lamps', 'Lamps' from auth.tenant`,
    );
    const created = await ask(createProduct, 'portal');
    const { id } = created.body.data.createProduct;
    await ask(adjustStock, 'portal', { id });
    await ask(placeOrder, 'user', { id });
    const order = {
      status: 'PLACED',
      items: [{ quantity: 2, product: { name: 'Lamp', stock: { available: 3 } } }],
    };
    const orders = `orders(first: 5) { edges { node { status items { quantity product { name stock { available } } } } } }`;
    const mine = await ask(`{ me { email ${orders} } }`, 'user');
    const node = { email: customer, orders: { edges: [{ node: order }] } };
    expect(mine.body).toEqual({ data: { me: node } });
    const theirs = await ask(`{ customers(first: 5) { edges { node { email ${orders} } } } }`, 'portal');
    expect(theirs.body).toEqual({ data: { customers: { edges: [{ node }] } } });
  },
  createLoad: createOrderLoad,
  loadVariables: { RESERVATION_ORDERS: '100000', RESERVATION_PIECES: '1000000' },
} satisfies PlatformCases;

async function findOrder({ ask }: Asker): Promise<string | undefined> {
  const { body } = await ask('{ myOrders(first: 1) { edges { node { id } } } }');
  return body.data.myOrders.edges[0]?.node.id;
}

const createProduct = `mutation { createProduct(input: {
  sku: "L-1", name: "Lamp", category: "lamps", price: { amount: 1990, currency: "EUR" }
}) { id } }`;

const adjustStock = `mutation ($id: ID!) {
  adjustStock(input: { productId: $id, change: 5, reason: "delivery" }) { id }
}`;

const placeOrder = `mutation ($id: ID!) {
  placeOrder(input: { items: [{ productId: $id, quantity: 2 }], idempotencyKey: "first" }) { id }
}`;
