export { SubgraphDataSource, type SubgraphDataSourceOptions } from './subgraph-data-source.ts';
