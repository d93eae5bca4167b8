import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '@signet/flow';
import type { Logger } from '@signet/service';
import type { Supergraph, SupergraphSource } from './supergraph-source.ts';

export type FollowSupergraphOptions = {
  entrance: string;
  source: SupergraphSource;
  /** The mark of the supergraph that is served now, taken before it was read. */
  mark: string;
  /** Serves another supergraph from now on, or throws and leaves the one that is served. */
  replace(supergraph: Supergraph): Promise<void>;
  logger: Logger;
  pollMs?: number | undefined;
};

/** File system events do not cross every mount, and checking a file is cheap. */
const defaultPollMs = 5000;
/** A file that changes again within this time is still being written. */
const settleMs = 200;

/**
 * Checks whether a supergraph has changed, and has it replaced. One that cannot be used is logged once, and the previous one
 * stays.
 *
 * @returns the function that ends this
 */
export function followSupergraph(options: FollowSupergraphOptions): () => Promise<void> {
  const { entrance, source, replace, logger, pollMs = defaultPollMs } = options;
  let seen = options.mark;
  const look = async () => {
    const mark = await source.mark();
    if (mark === seen) return;
    await sleep(Math.min(settleMs, pollMs));
    if ((await source.mark()) !== mark) return;
    // Set even if the rest fails: only the next change can help, not another try.
    seen = mark;
    const startedAt = performance.now();
    await replace(await source.read());
    logger.info({ entrance, ms: Math.round(performance.now() - startedAt) }, 'a new supergraph is served');
  };
  return poll(look, {
    everyMs: pollMs,
    onFault: ({ message }) =>
      logger.error(
        { entrance, fault: message },
        'the new supergraph cannot be served; the previous one stays',
      ),
  });
}
