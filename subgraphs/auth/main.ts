import { createLogger, loadConfig, runProcess } from '@signet/service';
import { authConfigSchema, startAuth } from './src/index.ts';

await runProcess(async () => {
  const config = loadConfig(authConfigSchema, process.env);
  return startAuth(config, createLogger('auth', config.LOG_LEVEL));
});
