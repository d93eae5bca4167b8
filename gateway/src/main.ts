import { startPlanningWorker } from './planning/start-worker.ts';

// The planner takes as long to load as everything else, and loads beside it.
const planningWorker = startPlanningWorker();

const [{ createLogger, loadConfig, runProcess }, { gatewayConfigSchema, startGateway }] = await Promise.all([
  import('@signet/service'),
  import('./index.ts'),
]);

await runProcess(async () => {
  const config = loadConfig(gatewayConfigSchema, process.env);
  return startGateway(config, createLogger('gateway', config.LOG_LEVEL), { planningWorker });
});
