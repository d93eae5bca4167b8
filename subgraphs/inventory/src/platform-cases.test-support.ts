import type { PlatformCases } from '../../../launcher/src/platform-cases.test-support.ts';

export default {
  snapshot: '{ dashboard { products { outOfStock lowOnStock } } }',
} satisfies PlatformCases;
