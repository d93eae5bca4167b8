import type { ExecutionResult } from 'graphql';

export type SubgraphRequest = { query: string; variables?: object; operationName?: string };

/** One gateway in process, on subgraphs in process. */
export type Runner = (
  supergraphSdl: string,
  subgraphs: Map<string, (request: SubgraphRequest) => Promise<ExecutionResult>>,
) => {
  run(request: SubgraphRequest): Promise<ExecutionResult>;
  stop(): Promise<void>;
};
