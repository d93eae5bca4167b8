export { planningFields } from './config.ts';
export { createEntrancePlanning, type EntrancePlanning } from './entrance-planning.ts';
export { takePart } from './introspection.ts';
export { openPlanningPool, type PlanningPool } from './planning-pool.ts';
