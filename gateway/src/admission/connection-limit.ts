import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { AdmissionLog } from './admission-log.ts';
import { createShares, type Member, membersOf } from './shares.ts';

export type ConnectionLimitOptions = {
  maxConnections: number;
  /** Whether this is a proxy: its connections are those of many clients, and only their total is limited. */
  isTrustedProxy(address: string | undefined): boolean;
  log: AdmissionLog;
};

type Connection = { client: readonly Member[]; underWay: number; end(): void };

/**
 * Limits the connections of an entrance, of each client and in total. Where one more has no room, the connection that has been
 * idle for longest, of the same client, is closed for it: HTTP lets a server close what is idle at any time (RFC 9112, section
 * 9.5). Where none is idle, the new one is closed.
 */
export function limitConnections(server: Server, options: ConnectionLimitOptions): void {
  const { maxConnections, isTrustedProxy, log } = options;
  const shares = createShares(maxConnections);
  const connections = new WeakMap<Socket, Connection>();
  /** Connections without a request under way, the longest idle first. */
  const idle = new Map<Socket, Connection>();

  /** Closes as many as it takes: shares become smaller when other clients come. */
  const makeRoom = (client: readonly Member[]) => {
    for (const [socket, connection] of idle) {
      const full = shares.findFull(client);
      if (full === undefined) return;
      if (isOfGroup(connection.client, client, full)) {
        connection.end();
        socket.destroy();
      }
    }
  };

  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    const client = isTrustedProxy(remoteAddress) ? [] : membersOf(remoteAddress);
    makeRoom(client);
    const held = shares.take(client);
    if (!held) {
      log.add('connections', client);
      socket.destroy();
      return;
    }
    const end = () => {
      idle.delete(socket);
      held.giveBack();
    };
    const connection: Connection = { client, underWay: 0, end };
    connections.set(socket, connection);
    idle.set(socket, connection);
    socket.once('close', end);
  });
  // First, so that no request is ever under way on a connection that counts as idle.
  server.prependListener('request', ({ socket }, response) => {
    const connection = connections.get(socket);
    if (!connection) return;
    connection.underWay += 1;
    idle.delete(socket);
    response.on('close', () => {
      connection.underWay -= 1;
      // Requests may be pipelined. It has been idle for no time: at the end.
      if (connection.underWay === 0 && !socket.destroyed) idle.set(socket, connection);
    });
  });
}

/** Whether a client belongs to the group that is full. Proxies belong to none: they make room for one another. */
function isOfGroup(other: readonly Member[], client: readonly Member[], full: string): boolean {
  return client.length === 0 ? other.length === 0 : other.some(({ key }) => key === full);
}
