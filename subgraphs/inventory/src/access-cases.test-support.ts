import type { AccessCases } from '../../../launcher/src/access-cases.test-support.ts';

export default {
  snapshot: '{ dashboard { products { outOfStock lowOnStock } } }',
} satisfies AccessCases;
