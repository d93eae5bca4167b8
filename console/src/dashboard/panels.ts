import type { ComponentType } from 'react';
import type { DashboardQueryVariables } from '../operations.generated.ts';

/** What a subgraph shows on the dashboard: the default export of `subgraphs/<name>/console/dashboard-panel.tsx`. */
export type DashboardPanel = ComponentType<{ range: DashboardQueryVariables['range'] }>;

const modules = import.meta.glob<{ default: DashboardPanel }>(
  '../../../subgraphs/*/console/dashboard-panel.tsx',
  { eager: true },
);

export const dashboardPanels = Object.entries(modules).map(([path, { default: Panel }]) => ({
  name: path.split('/').at(-3) ?? path,
  Panel,
}));
