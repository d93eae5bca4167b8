import { createSampledAudit } from '@signet/db';
import { createSampler } from '@signet/service';
import { defineSubgraph } from '@signet/subgraph/define';
import { createRefusalAudit } from './src/audit-log/audit-refusals.ts';
import { createLoaders } from './src/context.ts';
import { policies } from './src/policies.ts';
import { resolvers } from './src/resolvers.ts';

/** What staff do for customers, and the audit log. */
export default defineSubgraph({
  name: 'portal',
  resolvers,
  policies,
  createLoaders,
  extend({ db, logger }) {
    const samples = createSampledAudit({ db, platform: 'portal', createSampler, log: logger });
    return { plugins: [createRefusalAudit(samples)], stop: () => samples.stop() };
  },
});
