import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// A start with a warm cache compiles and strips nothing. NODE_COMPILE_CACHE names another folder. One that cannot be written
// to is no fault. It must not be a folder in which others can write: they could put their own code into it.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'));

const [{ createLogger, loadConfig, runProcess }, { gatewayConfigSchema, startGateway }] = await Promise.all([
  import('@signet/service'),
  import('./src/index.ts'),
]);

await runProcess(async () => {
  const config = loadConfig(gatewayConfigSchema, process.env);
  return startGateway(config, createLogger('gateway', config.LOG_LEVEL));
});
