import type { SubgraphDefinition } from '@signet/subgraph/define';
import { type AuthConfig, type AuthOptions, authConfigSchema, startAuth } from './src/index.ts';
import { processNameOf } from './src/platform-settings.ts';
import { policies } from './src/policies.ts';

/**
 * The only issuer. It has a database role, keys and a URL for each platform, so it starts by itself instead of through
 * `defineSubgraph`.
 */
export default {
  name: 'auth',
  policyNames: Object.keys(policies),
  configSchema: authConfigSchema,
  processNameOf,
  start: startAuth,
} satisfies SubgraphDefinition<AuthConfig, AuthOptions>;
