import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { startPlanningWorker } from './src/planning/start-worker.ts';

// A start with a warm cache compiles and strips nothing. NODE_COMPILE_CACHE names another folder. One that cannot be written
// to is no fault. It must not be a folder in which others can write: they could put their own code into it.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'));

// The planner takes as long to load as everything else, and loads beside it.
const planningWorker = startPlanningWorker();

const [{ createLogger, loadConfig, runProcess }, { gatewayConfigSchema, startGateway }] = await Promise.all([
  import('@signet/service'),
  import('./src/index.ts'),
]);

await runProcess(async () => {
  const config = loadConfig(gatewayConfigSchema, process.env);
  return startGateway(config, createLogger('gateway', config.LOG_LEVEL), { planningWorker });
});
// A process that is killed writes nothing.
setTimeout(flushCompileCache, 5000).unref();
