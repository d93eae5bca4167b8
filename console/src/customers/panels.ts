import type { ComponentType } from 'react';

/** What a subgraph shows on a customer's page: the default export of `subgraphs/<name>/console/customer-panel.tsx`. */
export type CustomerPanel = ComponentType<{ customerId: string }>;

const modules = import.meta.glob<{ default: CustomerPanel }>(
  '../../../subgraphs/*/console/customer-panel.tsx',
  { eager: true },
);

export const customerPanels = Object.entries(modules).map(([path, { default: Panel }]) => ({
  name: path.split('/').at(-3) ?? path,
  Panel,
}));
