import { readFile } from 'node:fs/promises';
import { poll } from '@signet/flow';
import { ConfigError, type Logger } from '@signet/service';
import { UnreadKeysError } from '@signet/session';
import type { GatewayConfig } from '../config.ts';
import { markOf } from '../supergraph/supergraph-source.ts';
import { compareSettings } from './live-settings.ts';
import { findStillTrusted } from './still-trusted.ts';
import { findUnfinished, lacksOnlyItsEnd } from './unfinished-file.ts';

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
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
};

/** File system events do not cross every mount, and checking a file is cheap. */
const defaultPollMs = 2000;
/** A file that has changed within so many polls may still be being written. */
const settledPolls = 2;
/** One that has lost its end and nothing else, more likely so. A legal edit looks the same, and waits. */
const cutPolls = 10;
/** After this time a file is tried again that was refused for keys of a new issuer. Nobody has to write it again. */
const retryMs = 30_000;

/**
 * Checks whether the configuration file has changed, and has it served. It is served as a whole or not at all: one that cannot be used, or
 * that changes what needs a restart, is logged once, and the previous one stays.
 *
 * @returns the function that ends this
 */
export async function followSettings(options: FollowSettingsOptions): Promise<() => Promise<void>> {
  const { path, logger, pollMs = defaultPollMs, now = () => performance.now() } = options;
  let served = options.config;
  let seen = await markOf(path);
  let servedText = await readFile(path, 'utf8');
  let changing = { mark: seen, polls: 0 };
  let retryAt = Number.POSITIVE_INFINITY;
  const reportStillTrusted = () => {
    const issuers = findStillTrusted(path, served);
    if (issuers.length === 0) return;
    logger.error(
      { issuers },
      'the changed file removes or changes these issuers; they are trusted as before until it can be served, or the gateway starts with it',
    );
  };
  const look = async () => {
    const mark = await markOf(path);
    changing = { mark, polls: mark === changing.mark ? changing.polls + 1 : 0 };
    if ((mark === seen && now() < retryAt) || changing.polls < settledPolls) return;
    const startedAt = now();
    const text = await readFile(path, 'utf8');
    if (changing.polls < cutPolls && lacksOnlyItsEnd(text, servedText)) {
      if (changing.polls === settledPolls) {
        const seconds = (cutPolls * pollMs) / 1000;
        logger.warn(
          { file: path },
          `the changed file is the beginning of the one that is served: it counts when nobody has written to it for ${seconds} s`,
        );
      }
      return;
    }
    const read = attempt(() => options.load());
    // Written again while it was read: what was read may be of both.
    if ((await markOf(path)) !== mark) return;
    // Set even if the rest fails: only the next change can help, not another try.
    seen = mark;
    retryAt = Number.POSITIVE_INFINITY;
    const unfinished = findUnfinished(path, text);
    if (unfinished !== undefined) throw new ConfigError([unfinished]);
    const config = read();
    const { changed, fixed, isIssuerChange } = compareSettings(served, config);
    if (fixed.length > 0) {
      const waiting = changed.filter((place) => !fixed.includes(place));
      logger.error(
        { settings: fixed, waiting },
        'these settings need a restart; nothing of the changed file is served until then',
      );
      reportStillTrusted();
      return;
    }
    if (changed.length > 0) await options.replace(config, isIssuerChange);
    served = config;
    servedText = text;
    if (changed.length === 0) return;
    const ms = Math.round(now() - startedAt);
    logger.info({ settings: changed, ms }, 'new settings are served');
  };
  return poll(look, {
    everyMs: pollMs,
    onFault(error) {
      const isOutage = error instanceof UnreadKeysError;
      if (isOutage) retryAt = now() + retryMs;
      logger.error(
        { faults: error instanceof ConfigError ? error.faults : [error.message] },
        `the new settings cannot be served; the previous ones stay${isOutage ? `. They are tried again in ${retryMs / 1000} s` : ''}`,
      );
      reportStillTrusted();
    },
  });
}

/** Runs `get` now, and gives or throws what it did when asked. */
function attempt<T>(get: () => T): () => T {
  try {
    const value = get();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
