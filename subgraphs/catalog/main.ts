import { createLogger, loadConfig, runProcess } from '@signet/service';
import { subgraphConfigSchema } from '@signet/subgraph';
import { startCatalog } from './src/index.ts';

await runProcess(async () => {
  const config = loadConfig(subgraphConfigSchema, process.env);
  return startCatalog(config, createLogger('catalog', config.LOG_LEVEL));
});
