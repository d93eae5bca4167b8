import { createSampler } from '@signet/flow';
import type { Logger } from '@signet/service';
import type { ServiceMetrics } from '@signet/telemetry';
import type { Member } from './shares.ts';

const texts = {
  operations: 'requests were refused: their clients have as many operations under way as they may',
  bodies: 'requests were refused: the bodies of their clients take as many bytes as they may',
  connections: 'connections were refused: their clients have as many as they may, all of them busy',
  answers:
    'answers were cut off or refused: those that their clients have not read take as many bytes as they may',
  'slow reader': 'answers were cut off: their clients read too slowly',
} as const;

/** What an entrance had no room for. */
export type Shortage = keyof typeof texts;
/** The budgets, as `limit` of signet_limit_refusals_total names them with `_` for a blank. */
export const shortages = Object.keys(texts) as Shortage[];

/** Tells the operator, at most once a minute for each kind, what the entrance refused for lack of room. */
export type AdmissionLog = {
  add(shortage: Shortage, client: readonly Member[]): void;
  stop(): void;
};

/** Refusals come in floods: a line holds their number, and the network of the last client that was refused. */
export function createAdmissionLog(entrance: string, logger: Logger, metrics?: ServiceMetrics): AdmissionLog {
  const counters = new Map(
    shortages.map((shortage) => [
      shortage,
      metrics?.counter('signet_limit_refusals_total', entrance, shortage.replace(' ', '_')),
    ]),
  );
  const sampler = createSampler<{ shortage: Shortage; network: string }>(({ shortage, network }, count) =>
    logger.warn({ entrance, shortage, count, network }, texts[shortage]),
  );
  return {
    add(shortage, client) {
      counters.get(shortage)?.inc();
      sampler.add(shortage, { shortage, network: client.at(-1)?.key ?? 'a trusted proxy' });
    },
    stop: sampler.stop,
  };
}
