import { createLogger, loadConfig, openProcessMetrics, runProcess } from '@signet/service';
import type { SubgraphConfig } from '@signet/subgraph/config';
import { loadSubgraph } from '@signet/subgraph/define';

/**
 * The process of one subgraph, with its configuration from the environment: `node subgraphs/main.ts portal`, or the one that
 * the variable SUBGRAPH names, as in containers.
 */
await runProcess(async () => {
  const name = process.argv[2] ?? process.env.SUBGRAPH ?? '';
  const { configSchema, processNameOf, start } = await loadSubgraph(name);
  const config = loadConfig(configSchema, process.env) as SubgraphConfig;
  const logger = createLogger(processNameOf?.(config) ?? name, config.LOG_LEVEL);
  const metrics = await openProcessMetrics(config, { logger });
  const server = await start(config, logger, { metrics });
  return {
    async stop() {
      await server.stop();
      await metrics?.stop();
    },
  };
});
