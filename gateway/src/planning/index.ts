export { planningFields } from './config.ts';
export { createEntrancePlanning } from './entrance-planning.ts';
export type { OperationPlanner } from './operation-planner.ts';
export { openPlanningPool, type PlanningPool } from './planning-pool.ts';
