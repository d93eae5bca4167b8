import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardProtocol } from '@signet/flow';
import pg from 'pg';

type WakeListenerOptions = {
  /** Name of a channel, as it stands after NOTIFY. */
  channel: string;
  /** Called at each notification, and whenever the connection stands (again), since some may have been missed. */
  onWake(): void;
  applicationName: string;
};

const reconnectMs = 1000;
/** For a connection, and for an answer on it. */
const answerMs = 2000;
const pingMs = 4000;
const endMs = 1000;

/**
 * Listens on a connection of its own. A notification only wakes: any role can send one, so what it says is never read.
 * Reconnects for ever. Asks the server for a sign of life every few seconds, since a connection that only listens does not notice
 * that its other end is gone. A caller that needs certainty polls as well.
 */
export function listenForWakes(
  url: string,
  { channel, onWake, applicationName }: WakeListenerOptions,
): { stop(): Promise<void> } {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let current: pg.Client | undefined;

  const connect = async () => {
    const client = new pg.Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
      keepAlive: true,
    });
    guardProtocol(client);
    current = client;
    let isLost = false;
    const onLost = () => {
      if (isLost) return;
      isLost = true;
      destroy(client);
      clearTimeout(timer);
      if (!isStopped) timer = setTimeout(connect, reconnectMs);
    };
    const ping = () => {
      timer = setTimeout(() => client.query('select 1').then(ping, onLost), pingMs).unref();
    };
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', onWake);
    try {
      await client.connect();
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      if (isStopped || isLost) return;
      onWake();
      ping();
    } catch {
      onLost();
    }
  };

  const connecting = connect();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await connecting;
      clearTimeout(timer);
      if (!current) return;
      await Promise.race([current.end().catch(() => {}), sleep(endMs, undefined, { ref: false })]);
      destroy(current);
    },
  };
}

/** Without a word to the server: where it is gone, nobody would answer. */
function destroy(client: pg.Client): void {
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
}
