import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export type NotificationProbe = {
  /** Listens to the channel, and to one of its own for the probes. */
  listen(channel: string): Promise<void>;
  /**
   * Sends a notification by `sender`, and waits until `listener` receives it. False: the connection answers, and receives none.
   *
   * @throws when one of the connections does not answer.
   */
  areReceived(): Promise<boolean>;
};

/** The channel on which revocations wake their readers. */
export const wakeChannel = 'signet_revocation';
const receiveMs = 2000;

/**
 * Tries whether a connection receives notifications. Behind a pooler in transaction mode (PgBouncer) LISTEN succeeds and nothing ever
 * comes: its server connection is lent to others after the statement. The notification is sent on another connection, since
 * the pooler passes on what comes during a statement of the listener's own.
 */
export function createNotificationProbe(listener: pg.Client, sender: pg.Client): NotificationProbe {
  const probeChannel = `signet_probe_${randomUUID()}`;
  let channels: string[] = [];
  let receive = () => {};
  listener.on('notification', ({ channel }) => {
    if (channel === probeChannel) receive();
  });
  const listen = () =>
    listener.query(channels.map((channel) => `listen ${pg.escapeIdentifier(channel)}`).join('; '));
  const probe = async () => {
    const received = new Promise<true>((resolve) => {
      receive = () => resolve(true);
    });
    await sender.query('select pg_notify($1, $2)', [probeChannel, '']);
    return Promise.race([received, sleep(receiveMs, false, { ref: false })]);
  };
  return {
    async listen(channel) {
      channels = [channel, probeChannel];
      await listen();
    },
    async areReceived() {
      if (await probe()) return true;
      // If this is answered, the connection is not lost. What it listened to may be.
      await listen();
      return probe();
    },
  };
}

/** Whether a connection to this URL receives notifications. @throws when the server can't be used. */
export async function receivesNotifications(url: string): Promise<boolean> {
  const clients = [0, 1].map(
    () =>
      new pg.Client({
        connectionString: url,
        application_name: 'signet-notification-probe',
        connectionTimeoutMillis: 2500,
        query_timeout: 2500,
      }),
  ) as [pg.Client, pg.Client];
  for (const client of clients) client.on('error', () => {});
  try {
    for (const client of clients) await client.connect();
    const probe = createNotificationProbe(...clients);
    await probe.listen(wakeChannel);
    return await probe.areReceived();
  } finally {
    for (const client of clients) void client.end().catch(() => {});
  }
}
