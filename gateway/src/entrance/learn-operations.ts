import { RefusalError } from '@signet/service';
import { type DocumentNode, type GraphQLSchema, getOperationAST, parse } from 'graphql';
import { findSchemaField } from '../access/introspection-guard.ts';
import type { LimitConfig } from '../config.ts';
import { sha256 } from '../documents/decide-document.ts';
import type { WithDocument } from '../documents/trusted-documents.ts';
import type { CostBook } from '../limits/cost-book.ts';
import { assertWithinLimits } from '../limits/operation-limits.ts';
import { callerOf } from '../planning/entrance-planning.ts';
import type { OperationPlanner } from '../planning/operation-planner.ts';
import type { Parameters } from './fast-lane.ts';
import type { GatewayContext } from './request-context.ts';

/** Has an operation planned, if it is within the limits. Never throws for what the client sent. */
export type LearnOperation = (asked: Parameters, context: WithDocument<GatewayContext>) => Promise<void>;

type LearnOptions = {
  schema: GraphQLSchema;
  book: CostBook;
  config: LimitConfig;
  planner: Pick<OperationPlanner<unknown>, 'plan' | 'documentOfText'>;
};

/**
 * For LANES=fast, which sends as much as it can down the fast lane, so that tests that send each operation once go through it. What can not
 * be planned is left to Apollo Server, which finds the same fault and says so.
 */
export function createOperationLearning({ schema, book, config, planner }: LearnOptions): LearnOperation {
  return async ({ operationName, variables, extensions }, context) => {
    const { text } = context.document;
    if (text === undefined || planner.documentOfText(text)) return;
    const document = parseIfPossible(text);
    const operation = document && getOperationAST(document, operationName);
    if (!operation || !schema.getRootType(operation.operation) || findSchemaField(document)) return;
    try {
      assertWithinLimits({ schema, document, operation, variables, extensions }, book, config);
    } catch (error) {
      if (error instanceof RefusalError) return;
      throw error;
    }
    const caller = callerOf(context);
    const { telemetry } = context;
    await planner.plan({ hash: sha256(text), source: text, document, operation, caller, telemetry });
  };
}

function parseIfPossible(text: string): DocumentNode | undefined {
  try {
    return parse(text, { maxTokens: 20_000 });
  } catch {
    return undefined;
  }
}
