export type { FetchMessage } from './fetch-message.ts';
export { SubgraphDataSource, type SubgraphDataSourceOptions } from './subgraph-data-source.ts';
