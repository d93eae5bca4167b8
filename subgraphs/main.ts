import { createLogger, loadConfig, runProcess } from '@signet/service';
import { loadSubgraph } from '@signet/subgraph/define';

/** `node subgraphs/main.ts orders`: the process of one subgraph, with its configuration from the environment. */
await runProcess(async () => {
  const name = process.argv[2] ?? '';
  const { configSchema, start } = await loadSubgraph(name);
  const config = loadConfig(configSchema, process.env);
  return start(config, createLogger(name, config.LOG_LEVEL as Parameters<typeof createLogger>[1]));
});
