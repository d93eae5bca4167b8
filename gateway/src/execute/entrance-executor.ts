import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import { type ErrorFormatter, type Logger, RefusalError } from '@signet/service';
import { GraphQLError } from 'graphql';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import { createExecutor, type Executor, type FetchResult, type SendFetch } from './executor.ts';

export type EntranceExecutorOptions = {
  supergraphSdl: string;
  fieldPlatforms: FieldPlatforms;
  /** Throws for an unknown subgraph. */
  sourceOf(subgraph: string): GraphQLDataSource;
  formatError: ErrorFormatter;
  logger: Logger;
};

/** Builds the executor of an entrance. */
export function createEntranceExecutor(options: EntranceExecutorOptions): Executor<GatewayContext> {
  const { supergraphSdl, fieldPlatforms, sourceOf, formatError, logger } = options;
  return createExecutor<GatewayContext>({
    supergraphSdl,
    send: sendThrough(sourceOf),
    formatError,
    describeOutage(subgraph) {
      const { message, extensions } = new RefusalError(
        subgraph === 'auth' ? 'auth.unavailable' : 'service.unavailable',
      );
      return { message, extensions };
    },
    onFault: (err, subgraph) => logger.warn({ err, subgraph }, 'a subgraph answered wrongly'),
    // auth may run twice, and each platform has its own session cookie.
    groupOf: (subgraph, coordinate) => (subgraph === 'auth' ? fieldPlatforms.get(coordinate) : undefined),
    // A data source finds the platform of a fetch by its representations.
    unmerged: new Set(['auth']),
  });
}

function sendThrough(sourceOf: EntranceExecutorOptions['sourceOf']): SendFetch<GatewayContext> {
  return async ({ subgraph, body }, context) => {
    const { query, variables } = JSON.parse(body);
    const request = { query, variables };
    try {
      return (await sourceOf(subgraph).process({
        kind: 'incoming operation',
        request,
        context,
        pathInIncomingRequest: [],
      } as unknown as GraphQLDataSourceProcessOptions)) as FetchResult;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      const { message, extensions } = error;
      return { data: null, errors: [{ message, extensions }] };
    }
  };
}
