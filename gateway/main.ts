import { createLogger, loadConfig, runProcess } from '@signet/service';
import { gatewayConfigSchema, startGateway } from './src/index.ts';

await runProcess(async () => {
  const config = loadConfig(gatewayConfigSchema, process.env);
  return startGateway(config, createLogger('gateway', config.LOG_LEVEL));
});
