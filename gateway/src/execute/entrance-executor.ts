import { type ErrorFormatter, type Logger, RefusalError, withRequestId } from '@signet/service';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import type { GatewayConfig } from '../config.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import { createExecutor, type Executor, type SendFetch } from './executor.ts';
import { outageReasonOf } from './fetch-answer.ts';

export type EntranceExecutorOptions = {
  supergraphSdl: string;
  fieldPlatforms: FieldPlatforms;
  send: SendFetch<GatewayContext>;
  formatError: ErrorFormatter;
  config: Pick<GatewayConfig, 'UNMERGED_SUBGRAPHS' | 'MAX_ANSWER_BYTES'>;
  logger: Logger;
};

/** Builds the executor of an entrance. */
export function createEntranceExecutor(options: EntranceExecutorOptions): Executor<GatewayContext> {
  const { supergraphSdl, fieldPlatforms, send, formatError, config, logger } = options;
  return createExecutor<GatewayContext>({
    supergraphSdl,
    send,
    formatError: (formatted, error, { requestId }) => withRequestId(formatError(formatted, error), requestId),
    unmerged: new Set(config.UNMERGED_SUBGRAPHS),
    maxAnswerBytes: maxAnswerBytesOf(config),
    describeOutage(subgraph) {
      const { message, extensions } = new RefusalError(outageReasonOf(subgraph));
      return { message, extensions };
    },
    onFault: (err, subgraph) => logger.warn({ err, subgraph }, 'a subgraph answered wrongly'),
    // auth may run twice, and each platform has its own session cookie.
    groupOf: (subgraph, coordinate) => (subgraph === 'auth' ? fieldPlatforms.get(coordinate) : undefined),
  });
}

/** The largest answer: a client alone has room for half of the budget (admission/shares.ts), and so for no larger one. */
export function maxAnswerBytesOf({ MAX_ANSWER_BYTES }: Pick<GatewayConfig, 'MAX_ANSWER_BYTES'>): number {
  return Math.floor(MAX_ANSWER_BYTES / 2);
}
