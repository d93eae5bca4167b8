export { hearSubgraph } from './hear-subgraph.ts';
export { createRefusalReports, type RefusalReports } from './refusal-reports.ts';
