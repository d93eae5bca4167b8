import { subgraphs } from '@signet/schema/subgraphs';
import type { Logger } from '@signet/service';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import type { RefusalReports } from '../access/refusal-reports.ts';
import { type GatewayConfig, subgraphUrlOf } from '../config.ts';
import { createFetchPlatform } from '../subgraphs/auth-route.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { createFetchSender, type SubgraphTarget } from './fetch-sender.ts';
import { createPlanExecutor, type PlanExecutorOptions } from './plan-executor.ts';
import { SubgraphDataSource } from './subgraph-data-source.ts';

export type ApolloGatewayOptions = Pick<PlanExecutorOptions, 'supergraphSdl' | 'planning'> & {
  config: GatewayConfig;
  fieldPlatforms: FieldPlatforms;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Gets the refusals of subgraphs that keep no audit log. */
  reports: Pick<RefusalReports, 'add'>;
  logger: Logger;
};

/** Builds Apollo's gateway on a supergraph, with our own way to the subgraphs. `stop` closes their connections. */
export function createApolloGateway(options: ApolloGatewayOptions) {
  const { supergraphSdl, planning, config, fieldPlatforms, proof, reports, logger } = options;
  const platformOf = createFetchPlatform(fieldPlatforms);
  const targets = listTargets(config, proof);
  const sender = createFetchSender({ targets, reports, logger });
  const gateway = createPlanExecutor({
    supergraphSdl,
    planning,
    sourceOf: (name) => {
      if (!targets.some((target) => target.name === name)) {
        throw new Error(
          `The supergraph names a subgraph '${name}' that schema/subgraphs.json does not list. Run npm run compose.`,
        );
      }
      return new SubgraphDataSource({ name, sender, logger, ...(name === 'auth' && { platformOf }) });
    },
  });
  return { gateway, stop: sender.stop };
}

/** Every subgraph, with what its fetches are signed with. */
function listTargets(config: GatewayConfig, proof: ApolloGatewayOptions['proof']): SubgraphTarget[] {
  return subgraphs.map(({ name }) => {
    const sign = proof.signerFor(name);
    if (name === 'auth') {
      const urls = { user: config.AUTH_USER_URL, portal: config.AUTH_PORTAL_URL };
      return { name, urls, takesCookies: true, sign };
    }
    const url = subgraphUrlOf(config, name);
    return { name, urls: { user: url, portal: url }, sign };
  });
}
