import { createLogger, loadConfig, runProcess } from '@signet/service';
import { subgraphConfigSchema } from '@signet/subgraph';
import { startOrders } from './src/index.ts';

await runProcess(async () => {
  const config = loadConfig(subgraphConfigSchema, process.env);
  return startOrders(config, createLogger('orders', config.LOG_LEVEL));
});
