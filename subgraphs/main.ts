import { createLogger, loadConfig, runProcess } from '@signet/service';
import { loadSubgraph } from '@signet/subgraph/define';

/**
 * The process of one subgraph, with its configuration from the environment: `node subgraphs/main.ts portal`, or the one that
 * the variable SUBGRAPH names, as in containers.
 */
await runProcess(async () => {
  const name = process.argv[2] ?? process.env.SUBGRAPH ?? '';
  const { configSchema, start } = await loadSubgraph(name);
  const config = loadConfig(configSchema, process.env);
  return start(config, createLogger(name, config.LOG_LEVEL as Parameters<typeof createLogger>[1]));
});
