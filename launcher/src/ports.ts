import { createServer } from 'node:net';
import { portOffsets, type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import { ConfigError } from '@signet/service';

export type Ports = {
  graph: number;
  user: number;
  portal: number;
  postgres: number;
  subgraphs: Readonly<Record<SubgraphName, number>>;
};

/** All ports that the platform itself listens on, without the database's. */
export function serverPorts({ graph, user, portal, subgraphs: others }: Ports): number[] {
  return [graph, user, portal, ...Object.values(others)];
}

/** Every port of the platform, from PORT_BASE. */
export function portsFrom(portBase: number): Ports {
  return {
    graph: portBase + portOffsets.graph,
    user: portBase + portOffsets.user,
    portal: portBase + portOffsets.portal,
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
export async function assertPortsFree(host: string, ports: readonly number[]): Promise<void> {
  const taken = (
    await Promise.all(ports.map(async (port) => ((await isFree(host, port)) ? [] : [port])))
  ).flat();
  if (taken.length > 0) {
    const which = taken.length === 1 ? `port ${taken[0]} is` : `ports ${taken.join(', ')} are`;
    throw new ConfigError([
      `PORT_BASE: ${which} in use on ${host}; stop what listens there or set PORT_BASE to move every port`,
    ]);
  }
}

function isFree(host: string, port: number): Promise<boolean> {
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
