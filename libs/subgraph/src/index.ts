export { type SubgraphConfig, subgraphConfigSchema } from './config.ts';
export { type ServeSubgraphOptions, type SubgraphDatabase, serveSubgraph } from './serve-subgraph.ts';
export { type SubgraphServerOptions, startSubgraphServer } from './subgraph-server.ts';
