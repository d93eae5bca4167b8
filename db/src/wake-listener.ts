import pg from 'pg';

type WakeListenerOptions = {
  /** Name of a channel, as it stands after NOTIFY. */
  channel: string;
  /** Called at each notification, and whenever the connection stands (again), since some may have been missed. */
  onWake(): void;
  applicationName: string;
};

const reconnectMs = 1000;

/**
 * Listens on a connection of its own. A notification only wakes: any role can send one, so what it says is never read.
 * Reconnects for ever; a caller that needs certainty polls as well.
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
      connectionTimeoutMillis: 5000,
      keepAlive: true,
    });
    current = client;
    let isLost = false;
    const onLost = () => {
      if (isLost) return;
      isLost = true;
      client.end().catch(() => {});
      if (!isStopped) timer = setTimeout(connect, reconnectMs);
    };
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', onWake);
    try {
      await client.connect();
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      if (!isStopped) onWake();
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
      await current?.end().catch(() => {});
    },
  };
}
