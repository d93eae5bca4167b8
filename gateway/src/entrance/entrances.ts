import { type Platform, platforms } from '@signet/schema/contract';
import type { Variant } from '@signet/schema/supergraph-files';

/** A listener of the gateway: which schema it shows, and whose tokens it admits. */
export type Entrance = {
  name: Variant;
  platforms: readonly Platform[];
  /** Serves the pages for a browser, and both key sets under one path. */
  isForDevelopers: boolean;
  portVariable: 'GRAPH_PORT' | 'USER_PORT' | 'PORTAL_PORT';
  /** Whose pages may call this entrance, beside those of CORS_ORIGINS. */
  originsVariable: 'GRAPH_CORS_ORIGINS' | 'USER_CORS_ORIGINS' | 'PORTAL_CORS_ORIGINS';
};

/** In the order in which they are opened. */
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
