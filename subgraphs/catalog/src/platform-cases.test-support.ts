import type { PlatformCases } from '../../../launcher/src/platform-cases.test-support.ts';

const unknownId = '0199c2f4-7a10-7000-8000-00000000dead';

export default {
  async findObjects(_caller, { ask }) {
    const { body } = await ask('{ products(first: 1) { edges { node { id } } } }', 'anonymous');
    return { Product: { own: body.data.products.edges[0].node.id, foreign: unknownId } };
  },
  refusedMutation: {
    query: `mutation { archiveProduct(id: "${unknownId}") { id } }`,
    as: 'portal',
    reason: 'input.id',
  },
  snapshot: '{ products(first: 1) { totalCount } categories { slug } }',
  async findQuestions() {
    const query = '{ products(first: 5) { totalCount edges { node { id name stock { available } } } } }';
    return [{ name: 'products', query }];
  },
} satisfies PlatformCases;
