import type { ApolloServerPlugin } from '@apollo/server';
import { createErrorFormatter, type GraphqlEndpointOptions, type Logger } from '@signet/service';
import type { DocumentNode } from 'graphql';
import type { GatewayContext } from '../gateway-context.ts';
import { createOperationPlanner, type IntrospectedData, type OperationPlanner } from './operation-planner.ts';
import type { PlannedSchema } from './planner.ts';
import { createPlanning } from './planning-plugin.ts';
import type { PlanningPool } from './planning-pool.ts';

export type EntrancePlanningOptions = {
  pool: PlanningPool;
  schema: PlannedSchema;
  hideSchemaDetails: boolean;
  logger: Logger;
};

export type EntrancePlanning = Pick<OperationPlanner, 'planOf'> & {
  /** What a request that asks for data too is told of the schema. */
  introspectedFor(context: GatewayContext): IntrospectedData | undefined;
  plugin: ApolloServerPlugin<GatewayContext>;
  /** What else Apollo Server must be told: not to validate, and where to find documents that have been parsed. */
  endpoint: Pick<GraphqlEndpointOptions<GatewayContext>, 'documentStore' | 'parseOptions' | 'validatedBy'>;
};

/** Some 20 ms to parse. LIMIT_TOKENS is lower; this holds where it has been raised, since nothing can stop the parser. */
const maxTokens = 20_000;

/** Validation and planning of one entrance's operations. */
export function createEntrancePlanning(options: EntrancePlanningOptions): EntrancePlanning {
  const { pool, schema, hideSchemaDetails, logger } = options;
  const planner = createOperationPlanner({
    pool,
    schema,
    onRefused: ({ hash, operation, caller }, why) =>
      logger.warn(
        { entrance: schema.name, operation: operation.name?.value, hash, caller, why },
        'an operation could not be planned',
      ),
  });
  const formatError = createErrorFormatter({ logger, hideSchemaDetails });
  const introspected = new WeakMap<GatewayContext, IntrospectedData>();
  return {
    planOf: planner.planOf,
    introspectedFor: (context) => introspected.get(context),
    plugin: createPlanning({
      planner,
      formatError,
      onIntrospected: (context, data) => introspected.set(context, data),
    }),
    endpoint: {
      documentStore: createDocumentStore(planner),
      parseOptions: { maxTokens },
      validatedBy: 'plugins',
    },
  };
}

/**
 * Apollo Server's own store keeps each document that it parses, and writes it out as JSON to learn its size: 160 ms for
 * 256 KB of fields. Here a document is kept once an operation of it is planned, by the planner, together with its plans.
 */
function createDocumentStore({ documentOf }: OperationPlanner) {
  return {
    get: async (key: string): Promise<DocumentNode | undefined> =>
      documentOf(key.slice(key.indexOf(':') + 1)),
    set: async () => {},
    delete: async () => false,
  };
}
