import { readFlags } from './flags.ts';
import { startPlanningWorker } from './planning/start-worker.ts';

const { supergraph, config: path, check } = readFlags(process.argv.slice(2));
// The planner takes as long to load as everything else, and loads beside it.
const planningWorker = check ? undefined : startPlanningWorker();

const [{ createLogger, runProcess }, { checkGateway, gatewayNameOf, loadSettings, startGateway }] =
  await Promise.all([import('@signet/service'), import('./index.ts')]);

const load = () =>
  loadSettings({ ...process.env, ...(supergraph !== undefined && { SUPERGRAPH_FILE: supergraph }) }, path);

await runProcess(async () => {
  const config = load();
  if (check) {
    await checkGateway(config, createLogger('gateway', 'silent'));
    console.log('The settings are valid.');
    process.exit(0);
  }
  const logger = createLogger(gatewayNameOf(config), config.LOG_LEVEL);
  return startGateway(config, logger, {
    planningWorker,
    ...(path !== undefined && { settings: { path, load } }),
  });
});
