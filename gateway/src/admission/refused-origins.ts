import { createSampler, type Logger } from '@signet/service';

/** The log of pages that an entrance refuses. A browser shows their developers a failed fetch only. */
export type RefusedOrigins = {
  add(origin: string, why: 'is not listed' | 'belongs to another site'): void;
  /** Logs what has not been logged yet. */
  stop(): void;
};

const maxLength = 200;
/** Anybody can invent origins: no more lines than this in a minute, and one for all further origins. */
const maxOrigins = 20;

/** Logs one line a minute for each origin, with the number of requests. `variable` would list the origin. */
export function createRefusedOrigins(
  logger: Logger,
  { entrance, variable }: { entrance: string; variable: string },
): RefusedOrigins {
  const sampler = createSampler<{ origin: string; why: string }>(
    ({ origin, why }, requests, isShared) =>
      logger.warn(
        { entrance, origin: isShared ? 'several' : origin, requests, why, variable },
        'a page was refused: its origin is not listed, or cannot have cookies here (docs/surface.md)',
      ),
    { maxKeys: maxOrigins },
  );
  return {
    add(origin, why) {
      const cut = origin.slice(0, maxLength);
      sampler.add(`${why} ${cut}`, { origin: cut, why });
    },
    stop: () => sampler.stop(),
  };
}
