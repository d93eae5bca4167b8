/**
 * A gateway for Apollo Federation: reads a supergraph and its settings, and serves it.
 *
 * @packageDocumentation
 */

import { loadSettings } from '../../gateway/src/settings-file/load-settings.ts';
import { gatewayNameOf, startGateway as start } from '../../gateway/src/start.ts';
import type { Environment } from '../../libs/service/src/config.ts';
import { createLogger } from '../../libs/service/src/logger.ts';

export { ConfigError } from '../../libs/service/src/config.ts';

/** What a gateway is started with. */
export type GatewayOptions = {
  /** Path of the configuration file, YAML or JSON. It is followed: changes are served without a restart. */
  config?: string;
  /** Variables, which win over the file. By default none: the process's own are `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
};

/** A gateway that listens. */
export type RunningGateway = {
  /** The URL of its first entrance, without a path. Operations are answered at `/graphql`. */
  url: string;
  /** Finishes the requests under way, then closes. */
  stop(): Promise<void>;
};

/**
 * Starts a gateway in this process. The command `signet-gateway` does the same in a process of its own, with a smaller heap.
 *
 * @throws {ConfigError} with all faults of the settings, each with its variable, or file, line and field
 */
export async function startGateway({ config: path, env = {} }: GatewayOptions = {}): Promise<RunningGateway> {
  const load = () => loadSettings(env as Environment, path);
  const config = load();
  return start(config, createLogger(gatewayNameOf(config), config.LOG_LEVEL), {
    ...(path !== undefined && { settings: { path, load } }),
  });
}
