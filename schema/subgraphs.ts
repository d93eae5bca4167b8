/**
 * The registry: a line per subgraph. `portOffset` counts from PORT_BASE. SDL lies beside the resolvers, in
 * `subgraphs/<name>/src/**\/*.graphql`. A new subgraph is a folder and a line here.
 */
export const subgraphs = [
  { name: 'auth', portOffset: 11 },
  { name: 'portal', portOffset: 12 },
  { name: 'catalog', portOffset: 13 },
  { name: 'inventory', portOffset: 14 },
  { name: 'orders', portOffset: 15 },
] as const;

export type SubgraphName = (typeof subgraphs)[number]['name'];

/** Offsets from PORT_BASE of the gateway's entrances and of the embedded PostgreSQL. */
export const portOffsets = { graph: 0, user: 1, portal: 2, postgres: 20 } as const;
