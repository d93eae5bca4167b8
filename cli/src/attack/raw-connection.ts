import { connect, type Socket } from 'node:net';
import { connect as connectOverTls } from 'node:tls';

/** Opens a connection to where a URL leads, for bytes that no HTTP client sends. Its event is `connect`, of https `secureConnect`. */
export function connectTo(url: string): Socket {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return protocol === 'https:'
    ? connectOverTls({ host, port: Number(port || 443), servername: host })
    : connect(Number(port || 80), host);
}
