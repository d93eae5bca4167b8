import { withHttpStatus } from '@signet/service';
import type { DocumentNode } from 'graphql';
import type { OperationCheck } from '../operation-checks.ts';
import type { LimitConfig } from './config.ts';
import { readCostBook } from './cost-book.ts';
import { assertWithinLimits } from './operation-limits.ts';

export { type LimitConfig, limitConfigFields } from './config.ts';
export { registerSourceLimits } from './source-limits.ts';

/** Holds a parsed operation against the limits, with the costs that the supergraph names. */
export function createLimitsCheck(supergraph: DocumentNode, config: LimitConfig): OperationCheck {
  const book = readCostBook(supergraph);
  return ({ schema, document, operation, request }) =>
    withHttpStatus(() => {
      assertWithinLimits(
        {
          schema,
          document,
          // Undefined where no operation has the name: Apollo's types leave that out.
          operation: operation as typeof operation | undefined,
          variables: request.variables ?? {},
          extensions: request.extensions,
        },
        book,
        config,
      );
    });
}
