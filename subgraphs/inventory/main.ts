import { createLogger, loadConfig, runProcess } from '@signet/service';
import { subgraphConfigSchema } from '@signet/subgraph';
import { startInventory } from './src/index.ts';

await runProcess(async () => {
  const config = loadConfig(subgraphConfigSchema, process.env);
  return startInventory(config, createLogger('inventory', config.LOG_LEVEL));
});
