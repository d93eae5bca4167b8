import type { AccessCases } from '../../../launcher/src/access-cases.test-support.ts';

export default {
  async findObjects(_caller, { ask }) {
    const { body } = await ask('{ products(first: 1) { edges { node { id } } } }', 'anonymous');
    const foreign = '0199c2f4-7a10-7000-8000-00000000dead';
    return { Product: { own: body.data.products.edges[0].node.id, foreign } };
  },
  snapshot: '{ products(first: 1) { totalCount } categories { slug } }',
} satisfies AccessCases;
