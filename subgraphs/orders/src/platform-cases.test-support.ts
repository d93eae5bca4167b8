import type { Asker, PlatformCases } from '../../../launcher/src/platform-cases.test-support.ts';

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
    if (caller === 'anonymous' || caller === 'user') {
      return { Order: { own: me.orders.edges[0].node.id, foreign: others.id } };
    }
    const elsewhere = (await ask(mine, stranger)).body.data.me;
    return { Order: { own: others.id, foreign: elsewhere.orders.edges[0].node.id } };
  },
  emptyInSeed: ['Order.sharedWith'],
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
      { name: 'a bad variable', query, variables: { id: { of: own } } },
    ];
  },
} satisfies PlatformCases;

async function findOrder({ ask }: Asker): Promise<string | undefined> {
  const { body } = await ask('{ myOrders(first: 1) { edges { node { id } } } }');
  return body.data.myOrders.edges[0]?.node.id;
}
