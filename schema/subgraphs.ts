import registry from './subgraphs.json' with { type: 'json' };

/** Lowercase letters and digits: it becomes a database schema, a role, a host name and a variable. */
export const subgraphNamePattern = /^[a-z][a-z0-9]{1,30}$/;

/** The name of a subgraph, checked when the registry is read. */
export type SubgraphName = string;

export type RegisteredSubgraph = {
  name: SubgraphName;
  /** From PORT_BASE. */
  portOffset: number;
  /** Belongs to the demo shop, which `signet remove-shop` deletes. */
  isDemo: boolean;
  /** Keeps data about customers: it must answer when one wants a copy of it, or an end. */
  hasPersonalData: boolean;
};

const firstSubgraphOffset = 11;
const lastOffsetBelowPostgres = 19;

/**
 * The registry, `subgraphs.json`: a line for each subgraph. Everything else about a subgraph follows from its name and its
 * folder `subgraphs/<name>`. Ports follow from the order of the lines, so new ones go to the end.
 */
export const subgraphs: readonly RegisteredSubgraph[] = readRegistry(registry);

/** From PORT_BASE: the gateway's entrances, and the embedded PostgreSQL, which makes room for more than nine subgraphs. */
export const portOffsets = {
  graph: 0,
  user: 1,
  portal: 2,
  metrics: 9,
  postgres: firstSubgraphOffset + subgraphs.length - 1 > lastOffsetBelowPostgres ? 40 : 20,
} as const;

/** The subgraphs whose process uses one database role and one URL. `auth` has one of each for every platform. */
export const productSubgraphs = subgraphs.filter(({ name }) => name !== 'auth');

/** These write their own refusals into the audit log. An entrance reports those of all others to auth. */
const auditingSubgraphs: readonly SubgraphName[] = ['auth', 'portal'];

/** What can refuse at an entrance: the check of the bearer token, the access rules, and a subgraph without an audit log of its own. */
export const refusingPlaces: readonly string[] = [
  'token',
  'rules',
  ...subgraphs.map(({ name }) => name).filter((name) => !auditingSubgraphs.includes(name)),
];

/** The variable of the gateway that holds the subgraph's URL, `ORDERS_URL`. */
export function urlVariableOf(name: SubgraphName): string {
  return `${name.toUpperCase()}_URL`;
}

/** @throws {Error} for a name that is no identifier or stands there twice. */
export function readRegistry(
  lines: readonly { name: string; demo?: boolean; personalData?: boolean }[],
): RegisteredSubgraph[] {
  const names = new Set<string>();
  return lines.map(({ name, demo = false, personalData = false }, index) => {
    if (!subgraphNamePattern.test(name)) {
      throw new Error(
        `schema/subgraphs.json: '${name}' is no name for a subgraph: lowercase letters and digits only.`,
      );
    }
    if (names.has(name)) throw new Error(`schema/subgraphs.json lists '${name}' twice.`);
    names.add(name);
    return { name, portOffset: firstSubgraphOffset + index, isDemo: demo, hasPersonalData: personalData };
  });
}
