export { type GatewayConfig, gatewayConfigSchema } from './config.ts';
export { type BuiltApp, registerBuiltApp } from './pages/built-app.ts';
export { planningMemoryMb } from './planning/planning-pool.ts';
export { type StartedWorker, startPlanningWorker } from './planning/start-worker.ts';
export { loadSettings } from './settings-file/load-settings.ts';
export { checkGateway, type GatewayOptions, gatewayNameOf, startGateway } from './start.ts';
export { createAnswerBudget } from './subgraphs/held-answers.ts';
