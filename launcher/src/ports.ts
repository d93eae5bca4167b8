import { createServer } from 'node:net';
import { portOffsets, type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import { ConfigError } from '@signet/service';

/** Between the entrances and the metrics. */
const storefrontOffset = 3;

export type Ports = {
  graph: number;
  user: number;
  portal: number;
  /** Pages for customers, where they are served. */
  storefront: number;
  metrics: number;
  postgres: number;
  subgraphs: Readonly<Record<SubgraphName, number>>;
};

/** An address to listen on. */
export type Listener = { host: string; port: number };

/** Subgraphs and the database listen here, whatever HOST says: only the entrances are for others. */
export const innerHost = '127.0.0.1';

/** Everything that the platform itself listens on, without the database. */
export function listenersOf(
  { graph, user, portal, metrics, subgraphs: others }: Ports,
  host: string,
): Listener[] {
  return [
    ...[graph, user, portal].map((port) => ({ host, port })),
    ...[metrics, ...Object.values(others)].map((port) => ({ host: innerHost, port })),
  ];
}

/** Every port of the platform, from PORT_BASE. */
export function portsFrom(portBase: number): Ports {
  return {
    graph: portBase + portOffsets.graph,
    user: portBase + portOffsets.user,
    portal: portBase + portOffsets.portal,
    storefront: portBase + storefrontOffset,
    metrics: portBase + portOffsets.metrics,
    postgres: portBase + portOffsets.postgres,
    subgraphs: Object.fromEntries(
      subgraphs.map(({ name, portOffset }) => [name, portBase + portOffset]),
    ) as Record<SubgraphName, number>,
  };
}

/**
 * Fails at once when a port is taken, before a database is made or moved.
 *
 * @throws {ConfigError} that names every taken port.
 */
export async function assertPortsFree(listeners: readonly Listener[]): Promise<void> {
  const free = await Promise.all(listeners.map(isFree));
  const taken = listeners.filter((_listener, index) => !free[index]);
  if (taken.length > 0) {
    const ports = taken.map(({ port }) => port).join(', ');
    const which = taken.length === 1 ? `port ${ports} is` : `ports ${ports} are`;
    const hosts = [...new Set(taken.map(({ host }) => host))].join(' and ');
    throw new ConfigError([
      `PORT_BASE: ${which} in use on ${hosts}; stop what listens there or set PORT_BASE to move every port`,
    ]);
  }
}

function isFree({ host, port }: Listener): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        resolve(false);
      } else {
        reject(describeProbeError(error, host, port));
      }
    });
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

function describeProbeError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EACCES') {
    return new ConfigError([`PORT_BASE: this account may not listen on port ${port}; choose one above 1023`]);
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new ConfigError([`HOST: ${host} is not an address of this machine`]);
  }
  return error;
}
