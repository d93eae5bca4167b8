import type { PlatformCases } from '../../../launcher/src/platform-cases.test-support.ts';

const unknownId = '0199c2f4-7a10-7000-8000-00000000dead';

export default {
  refusedMutation: {
    query: `mutation { adjustStock(input: { productId: "${unknownId}", change: 1, reason: "none" }) { id } }`,
    as: 'portal',
    reason: 'input.productId',
  },
  snapshot: '{ dashboard { products { outOfStock lowOnStock } } }',
} satisfies PlatformCases;
