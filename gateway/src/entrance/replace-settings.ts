import type { TrustedIssuer } from '@signet/session';
import type { GatewayConfig } from '../config.ts';
import type { OpenEntrance } from './entrance-server.ts';

/**
 * Builds another configuration at every entrance, beside the one that is served, and serves it at all of them at once.
 *
 * @throws what the first entrance throws that cannot serve it. Then all keep the one that they have.
 */
export async function replaceSettings(
  entrances: readonly Pick<OpenEntrance, 'prepare'>[],
  config: GatewayConfig,
  issuers: readonly TrustedIssuer[],
): Promise<void> {
  const outcomes = await Promise.allSettled(entrances.map((entrance) => entrance.prepare(config, issuers)));
  const prepared = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await Promise.all(prepared.map(({ drop }) => drop()));
    throw failed.reason;
  }
  for (const { take } of prepared) take();
}
