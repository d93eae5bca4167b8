import type { GraphQLDataSource } from '@apollo/gateway';
import { subgraphs } from '@signet/schema/subgraphs';
import type { Logger } from '@signet/service';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import type { RefusalReports } from '../access/refusal-reports.ts';
import { type GatewayConfig, subgraphUrlOf } from '../config.ts';
import { createFetchPlatform } from '../subgraphs/auth-route.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { createFetchSender, type SubgraphTarget } from './fetch-sender.ts';
import { SubgraphDataSource } from './subgraph-data-source.ts';

export type SubgraphSourcesOptions = {
  config: GatewayConfig;
  fieldPlatforms: FieldPlatforms;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Gets the refusals of subgraphs that keep no audit log. */
  reports: Pick<RefusalReports, 'add'>;
  logger: Logger;
};

/** Opens the way to each subgraph. `stop` closes their connections. */
export function createSubgraphSources(options: SubgraphSourcesOptions) {
  const { config, fieldPlatforms, proof, reports, logger } = options;
  const targets = listTargets(config, proof);
  const sender = createFetchSender({ targets, reports, logger });
  return {
    send: sender.send,
    stop: sender.stop,
    /**
     * The same for @apollo/gateway.
     *
     * @throws {Error} for an unknown subgraph
     */
    sourceOf(name: string): GraphQLDataSource {
      if (!targets.some((target) => target.name === name)) {
        throw new Error(
          `The supergraph names a subgraph '${name}' that schema/subgraphs.json does not list. Run npm run compose.`,
        );
      }
      const platformOf = name === 'auth' && createFetchPlatform(fieldPlatforms);
      return new SubgraphDataSource({ name, sender, logger, ...(platformOf && { platformOf }) });
    },
  };
}

/** Every subgraph, with what its fetches are signed with. */
function listTargets(config: GatewayConfig, proof: SubgraphSourcesOptions['proof']): SubgraphTarget[] {
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
