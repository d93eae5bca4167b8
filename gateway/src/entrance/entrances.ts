import { type Platform, platforms } from '@signet/schema/contract';
import type { Variant } from '@signet/schema/supergraph-files';
import type { GatewayConfig } from '../config.ts';
import { verifiedPlatforms } from '../config-graph.ts';

/** A listener of the gateway: the schema it shows and the platforms whose tokens it admits. */
export type Entrance = {
  name: Variant;
  platforms: readonly Platform[];
  /** Serves the pages for a browser, and the key sets of both platforms under one path. */
  isForDevelopers: boolean;
  portVariable: 'GRAPH_PORT' | 'USER_PORT' | 'PORTAL_PORT' | 'PORT';
  /** Holds the origins whose pages may call this entrance, in addition to CORS_ORIGINS. */
  originsVariable: 'GRAPH_CORS_ORIGINS' | 'USER_CORS_ORIGINS' | 'PORTAL_CORS_ORIGINS';
};

/** All entrances, in the order in which they are opened. */
export const entrances: readonly Entrance[] = [
  {
    name: 'graph',
    platforms,
    isForDevelopers: true,
    portVariable: 'GRAPH_PORT',
    originsVariable: 'GRAPH_CORS_ORIGINS',
  },
  {
    name: 'user',
    platforms: ['user'],
    isForDevelopers: false,
    portVariable: 'USER_PORT',
    originsVariable: 'USER_CORS_ORIGINS',
  },
  {
    name: 'portal',
    platforms: ['portal'],
    isForDevelopers: false,
    portVariable: 'PORTAL_PORT',
    originsVariable: 'PORTAL_CORS_ORIGINS',
  },
];

/**
 * The entrances that a configuration opens. With SUPERGRAPH_FILE it is one, which has the settings of `graph` and its port in
 * `PORT`, and admits the platforms that have keys.
 */
export function entrancesOf(config: GatewayConfig): readonly Entrance[] {
  if (config.SUPERGRAPH_FILE === undefined) {
    return entrances.filter(({ name }) => config.ENTRANCES?.includes(name) ?? true);
  }
  return entrances
    .filter(({ name }) => name === 'graph')
    .map((entrance) => ({ ...entrance, platforms: verifiedPlatforms(config), portVariable: 'PORT' }));
}
