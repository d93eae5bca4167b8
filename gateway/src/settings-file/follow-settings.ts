import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '@signet/flow';
import { ConfigError, type Logger } from '@signet/service';
import type { GatewayConfig } from '../config.ts';
import { markOf } from '../supergraph/supergraph-source.ts';
import { compareSettings } from './live-settings.ts';

export type FollowSettingsOptions = {
  path: string;
  /** The configuration that is served now. */
  config: GatewayConfig;
  /** Reads environment and file again. @throws {ConfigError} */
  load(): GatewayConfig;
  /** Serves another configuration from now on, or throws and leaves the one that is served. */
  replace(config: GatewayConfig, isIssuerChange: boolean): Promise<void>;
  logger: Logger;
  pollMs?: number | undefined;
};

/** File system events do not cross every mount, and checking a file is cheap. */
const defaultPollMs = 5000;
/** A file that changes again within this time is still being written. */
const settleMs = 200;

/**
 * Checks whether the configuration file has changed, and has it served. One that cannot be used is logged once, with all its faults, and
 * the previous one stays. What needs a restart is named in the log.
 *
 * @returns the function that ends this
 */
export async function followSettings(options: FollowSettingsOptions): Promise<() => Promise<void>> {
  const { path, logger, pollMs = defaultPollMs } = options;
  let served = options.config;
  let seen = await markOf(path);
  const look = async () => {
    const mark = await markOf(path);
    if (mark === seen) return;
    await sleep(Math.min(settleMs, pollMs));
    if ((await markOf(path)) !== mark) return;
    // Set even if the rest fails: only the next change can help, not another try.
    seen = mark;
    const startedAt = performance.now();
    const { config, taken, left, isIssuerChange } = compareSettings(served, options.load());
    if (left.length > 0) logger.warn({ settings: left }, 'these settings change at the next start only');
    if (taken.length === 0) return;
    await options.replace(config, isIssuerChange);
    served = config;
    const ms = Math.round(performance.now() - startedAt);
    logger.info({ settings: taken, ms }, 'new settings are served');
  };
  return poll(look, {
    everyMs: pollMs,
    onFault: (error) =>
      logger.error(
        { faults: error instanceof ConfigError ? error.faults : [error.message] },
        'the new settings cannot be served; the previous ones stay',
      ),
  });
}
