import type { ApolloServerPlugin } from '@apollo/server';
import type { FastLane } from '@signet/service';
import type { WithDocument } from '../documents/trusted-documents.ts';
import type { OperationPlanner } from '../planning/operation-planner.ts';
import { createFastLane, type FastLaneOptions } from './fast-lane.ts';
import { createKnownOperations, type KnownOperationsOptions } from './known-operations.ts';
import { createOperationLearning } from './learn-operations.ts';
import type { GatewayContext } from './request-context.ts';

type LanesOptions = Pick<FastLaneOptions, 'createContext' | 'onRun' | 'onRefused' | 'formatError'> &
  Pick<KnownOperationsOptions, 'book' | 'config' | 'guards' | 'identify' | 'compiledOf'> & {
    /** `both`: an operation goes through Apollo Server's lane once, then through the fast one. */
    lanes: 'both' | 'apollo' | 'fast';
    planner: Pick<OperationPlanner<unknown>, 'plan' | 'documentOfText'>;
  };

export type Lanes = {
  /** Undefined where every operation goes through Apollo Server. */
  fastLane: FastLane | undefined;
  /** The context for Apollo Server. */
  createContext: ReturnType<typeof createFastLane>['createContext'];
  /** Learns the schema from Apollo Server, so that both lanes have the same one. */
  plugin: ApolloServerPlugin<WithDocument<GatewayContext>>;
};

/** Puts the fast lane of an entrance together. Until Apollo Server has started, it knows no operation. */
export function createLanes(options: LanesOptions): Lanes {
  const { lanes, createContext, planner, ...shared } = options;
  if (lanes === 'apollo') {
    return {
      fastLane: undefined,
      createContext: async (request, reply) => createContext(request, reply),
      plugin: {},
    };
  }
  let findKnown: FastLaneOptions['findKnown'] = () => undefined;
  let learn: FastLaneOptions['learn'];
  const lane = createFastLane({
    ...shared,
    createContext,
    findKnown: (text, operationName) => findKnown(text, operationName),
    learn: lanes === 'fast' ? async (asked, context) => learn?.(asked, context) : undefined,
  });
  return {
    fastLane: lane.answer,
    createContext: lane.createContext,
    plugin: {
      async serverWillStart({ schema }) {
        const { documentOfText } = planner;
        findKnown = createKnownOperations({ ...shared, schema, documentOfText });
        learn = createOperationLearning({ ...shared, schema, planner });
      },
    },
  };
}
