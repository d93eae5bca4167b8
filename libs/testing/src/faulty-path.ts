import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const notificationResponse = 'A'.charCodeAt(0);
/** A DataRow (PostgreSQL manual, 54.7) of two fields, the first of which would end half a gigabyte beyond the message. */
const unreadableRow = Buffer.from([0x44, 0, 0, 0, 16, 0, 2, 0x20, 0, 0, 1, 0x31, 0, 0, 0, 1, 0x31]);

/**
 * What the path does with bytes. `swallow`: takes them and passes none on, in both directions, new connections included. `deafen`:
 * passes on all but notifications, as a pooler in transaction mode does. `corrupt`: turns bits in both directions. `garble`: replaces what
 * the server sends by a row that no parser can read. `loses`: a connection on which this text comes loses it, and all that comes after.
 */
export type PathFault =
  | 'none'
  | 'swallow'
  | 'corrupt'
  | 'garble'
  | 'deafen'
  | { delayMs: number }
  | { loses: string };

/** A way to a server that a test can break. */
export type FaultyPath = {
  /** The URL by which the server is reached over this path. */
  urlOf(url: string): string;
  fault: PathFault;
  /** Which connections have the fault, by the application name that they gave to PostgreSQL. By default all. */
  hasFault: (applicationName: string) => boolean;
  /** Ends every connection: `cut` in order (FIN), `reset` at once (RST). */
  end(how: 'cut' | 'reset'): void;
  close(): Promise<void>;
};

/** Opens a TCP proxy to the server of a URL. Bytes that are swallowed never come, as on a path whose packets are lost. */
export async function openFaultyPath(target: string): Promise<FaultyPath> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect(Number(port), hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let name: string | undefined;
    let isLost = false;
    const faultNow = () => {
      if (isLost) return 'swallow';
      return path.hasFault(name ?? '') ? path.fault : 'none';
    };
    client.once('data', (chunk) => {
      name = readApplicationName(chunk);
    });
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        const fault = faultNow();
        if (typeof fault === 'object' && 'loses' in fault) isLost = chunk.includes(fault.loses);
        pass(chunk, to, faultNow(), from === upstream);
      });
      from.on('error', () => {});
      from.on('end', () => {
        // Nobody hears of an end on a silent path either.
        if (faultNow() === 'swallow') return;
        to.end();
        from.end();
      });
      from.on('close', () => {
        if (faultNow() !== 'swallow') to.destroySoon();
        if (client.destroyed && upstream.destroyed) pairs.delete(pair);
      });
    }
  });
  const pass = (chunk: Buffer, to: Socket, fault: PathFault, isAnswer: boolean) => {
    if (fault === 'swallow' || to.destroyed) return;
    if (fault === 'deafen') return void to.write(dropNotifications(chunk));
    if (fault === 'none') return void to.write(chunk);
    if (fault === 'garble') return void to.write(isAnswer ? unreadableRow : chunk);
    if (fault === 'corrupt') return void to.write(corrupt(chunk));
    if ('loses' in fault) return void to.write(chunk);
    setTimeout(() => to.destroyed || to.write(chunk), fault.delayMs);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const path: FaultyPath = {
    fault: 'none',
    hasFault: () => true,
    urlOf: (url) => Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(address.port) }).href,
    end(how) {
      for (const [client, upstream] of pairs) {
        if (how === 'cut') client.end();
        else client.resetAndDestroy();
        upstream.destroy();
      }
    },
    async close() {
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
  };
  return path;
}

/** From a startup message (PostgreSQL manual, 54.7): names and values, each ended by a NUL. */
function readApplicationName(startup: Buffer): string | undefined {
  return /\0application_name\0([^\0]*)\0/.exec(startup.toString('latin1'))?.[1];
}

/**
 * Without the NotificationResponse messages (PostgreSQL manual, 54.7) of a chunk that begins with a message of the server. What
 * a client sends has other letters, or, at the start, none.
 */
function dropNotifications(chunk: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (let offset = 0; offset < chunk.length; ) {
    const length = offset + 5 <= chunk.length ? 1 + chunk.readUInt32BE(offset + 1) : chunk.length;
    const message = chunk.subarray(offset, offset + length);
    if (message[0] !== notificationResponse) kept.push(message);
    offset += length;
  }
  return Buffer.concat(kept);
}

/** Turns one bit of every 16th byte. */
function corrupt(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk);
  for (let index = 0; index < copy.length; index += 16) copy[index] = (copy[index] ?? 0) ^ 0x20;
  return copy;
}
