import { type Platform, platforms } from '@signet/schema/contract';
import type { Variant } from '@signet/schema/supergraph-files';
import type { GatewayConfig } from '../config.ts';
import { entranceVariable, settingOf } from '../config-entrances.ts';
import { verifiedPlatforms } from '../config-graph.ts';

/** A listener of the gateway: the schema it shows and the platforms whose tokens it admits. */
export type Entrance = {
  /** Its settings and the log have this name. */
  name: string;
  /** What it is to subgraphs and their keys, by the platforms that it admits. */
  kind: Variant;
  platforms: readonly Platform[];
  /** Serves the pages for a browser, and the key sets of both platforms under one path. */
  isForDevelopers: boolean;
  portVariable: string;
  /** Holds the origins whose pages may call this entrance, in addition to CORS_ORIGINS. */
  originsVariable: string;
};

/** The platform's own entrances, in the order in which they are opened. */
export const entrances: readonly Entrance[] = [
  { ...named('graph', platforms), isForDevelopers: true },
  { ...named('user', ['user']), isForDevelopers: false },
  { ...named('portal', ['portal']), isForDevelopers: false },
];

/**
 * The entrances that a configuration opens: those of its file, or the platform's own. With SUPERGRAPH_FILE alone it is one, which has
 * the settings of `graph` and its port in `PORT`, and admits the platforms that have keys.
 */
export function entrancesOf(config: GatewayConfig): readonly Entrance[] {
  const { entranceNames, ENTRANCES, SUPERGRAPH_FILE } = config;
  if (entranceNames) {
    return entranceNames.map((name) => {
      const wanted = settingOf<readonly Platform[] | undefined>(config, entranceVariable(name, 'PLATFORMS'));
      return { ...named(name, wanted ?? verifiedPlatforms(config)), isForDevelopers: true };
    });
  }
  if (SUPERGRAPH_FILE !== undefined) {
    const graph = named('graph', verifiedPlatforms(config));
    return [{ ...graph, kind: 'graph', isForDevelopers: true, portVariable: 'PORT' }];
  }
  return entrances.filter(({ kind }) => ENTRANCES?.includes(kind) ?? true);
}

/** Origins whose pages may call an entrance, and sign in there by cookie. */
export function originsOf({ originsVariable }: Entrance, config: GatewayConfig): readonly string[] {
  return [...config.CORS_ORIGINS, ...settingOf<readonly string[]>(config, originsVariable)];
}

function named(name: string, admitted: readonly Platform[]): Omit<Entrance, 'isForDevelopers'> {
  const [only, another] = admitted;
  return {
    name,
    kind: only === undefined || another !== undefined ? 'graph' : only,
    platforms: admitted,
    portVariable: entranceVariable(name, 'PORT'),
    originsVariable: entranceVariable(name, 'CORS_ORIGINS'),
  };
}
