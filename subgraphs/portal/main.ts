import { createLogger, loadConfig, runProcess } from '@signet/service';
import { subgraphConfigSchema } from '@signet/subgraph';
import { startPortal } from './src/index.ts';

await runProcess(async () => {
  const config = loadConfig(subgraphConfigSchema, process.env);
  return startPortal(config, createLogger('portal', config.LOG_LEVEL));
});
