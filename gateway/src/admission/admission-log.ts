import { createSampler } from '@signet/flow';
import type { Logger } from '@signet/service';
import type { Member } from './shares.ts';

/** What had no room: operations under way, bytes of bodies, connections, bytes of answers; or an answer that was read too slowly. */
export type Shortage = 'operations' | 'bodies' | 'connections' | 'answers' | 'slow reader';

/** Tells the operator, at most once a minute for each kind, what the entrance refused for lack of room. */
export type AdmissionLog = {
  add(shortage: Shortage, client: readonly Member[]): void;
  stop(): void;
};

/** Refusals come in floods: a line holds their number, and the network of the last client that was refused. */
export function createAdmissionLog(entrance: string, logger: Logger): AdmissionLog {
  const sampler = createSampler<{ shortage: Shortage; network: string }>(({ shortage, network }, count) =>
    logger.warn({ entrance, shortage, count, network }, 'an entrance refused clients: it has too much to do'),
  );
  return {
    add(shortage, client) {
      sampler.add(shortage, { shortage, network: client.at(-1)?.key ?? 'a trusted proxy' });
    },
    stop: sampler.stop,
  };
}
