import type { AccessCases } from '../../../launcher/src/access-cases.test-support.ts';

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
} satisfies AccessCases;
