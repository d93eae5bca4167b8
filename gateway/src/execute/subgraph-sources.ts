import type { GraphQLDataSource } from '@apollo/gateway';
import type { Logger } from '@signet/service';
import type { ServiceMetrics } from '@signet/telemetry';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import type { RefusalReports } from '../access/refusal-reports.ts';
import type { GatewayConfig } from '../config.ts';
import { createFetchPlatform } from '../subgraphs/auth-route.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import type { AnswerBudget } from '../subgraphs/held-answers.ts';
import { isAuth, type SubgraphUrls } from '../supergraph/subgraph-urls.ts';
import { createFetchSender } from './fetch-sender.ts';
import { SubgraphDataSource } from './subgraph-data-source.ts';

export type SubgraphSourcesOptions = {
  config: GatewayConfig;
  /** Where each subgraph answers. */
  urls: ReadonlyMap<string, SubgraphUrls>;
  fieldPlatforms: FieldPlatforms;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Shared by all entrances of the process. */
  answers: AnswerBudget;
  /** Gets the refusals of subgraphs that keep no audit log. */
  reports: Pick<RefusalReports, 'add'>;
  logger: Logger;
  entrance: string;
  metrics?: ServiceMetrics | undefined;
};

/** Opens the way to each subgraph. `stop` closes their connections. */
export function createSubgraphSources(options: SubgraphSourcesOptions) {
  const { config, urls, fieldPlatforms, proof, answers, reports, logger, entrance, metrics } = options;
  const targets = [...urls].map(([name, byPlatform]) => ({
    name,
    urls: byPlatform,
    takesCookies: isAuth(name, config),
    sign: proof.signerFor(name),
  }));
  const sender = createFetchSender({ targets, answers, reports, logger, entrance, metrics });
  const platformOf = createFetchPlatform(fieldPlatforms);
  return {
    send: sender.send,
    /** For Apollo's executor. @throws {Error} for an unknown subgraph */
    sourceOf(name: string): GraphQLDataSource {
      if (!urls.has(name)) {
        throw new Error(`The planner names a subgraph '${name}' that the supergraph does not list.`);
      }
      return new SubgraphDataSource({ name, sender, logger, ...(isAuth(name, config) && { platformOf }) });
    },
    openCircuits: sender.openCircuits,
    stop: sender.stop,
  };
}
