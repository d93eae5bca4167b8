import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export type Hearing = {
  /** Listens to the channel, and to one of its own for the proofs. */
  listen(channel: string): Promise<void>;
  /**
   * Sends a notification by `sender`, and waits until `listener` hears it. Returns whether the connection is deaf: it answers, and
   * hears nothing.
   *
   * @throws when one of the connections does not answer.
   */
  prove(): Promise<boolean>;
};

/** The channel on which revocations wake their readers. */
export const wakeChannel = 'signet_revocation';
const heardMs = 2000;

/**
 * Proves that a connection hears notifications. Behind a pooler in transaction mode (PgBouncer) LISTEN succeeds and nothing ever
 * comes: its server connection is lent to others after the statement. The notification is sent on another connection, since
 * the pooler passes on what comes during a statement of the listener's own.
 */
export function createHearing(listener: pg.Client, sender: pg.Client): Hearing {
  const proofChannel = `signet_hearing_${randomUUID()}`;
  let channels: string[] = [];
  let hear = () => {};
  listener.on('notification', ({ channel }) => {
    if (channel === proofChannel) hear();
  });
  const listen = () =>
    listener.query(channels.map((channel) => `listen ${pg.escapeIdentifier(channel)}`).join('; '));
  const isHeard = async () => {
    const heard = new Promise<true>((resolve) => {
      hear = () => resolve(true);
    });
    await sender.query('select pg_notify($1, $2)', [proofChannel, '']);
    return Promise.race([heard, sleep(heardMs, false, { ref: false })]);
  };
  return {
    async listen(channel) {
      channels = [channel, proofChannel];
      await listen();
    },
    async prove() {
      if (await isHeard()) return false;
      // If this is answered, the connection is not lost. What it listened to may be.
      await listen();
      return !(await isHeard());
    },
  };
}

/** Whether a connection to this URL hears notifications. @throws when the server can't be used. */
export async function hearsNotifications(url: string): Promise<boolean> {
  const clients = [0, 1].map(
    () =>
      new pg.Client({
        connectionString: url,
        application_name: 'signet-hearing',
        connectionTimeoutMillis: 2500,
        query_timeout: 2500,
      }),
  ) as [pg.Client, pg.Client];
  for (const client of clients) client.on('error', () => {});
  try {
    for (const client of clients) await client.connect();
    const hearing = createHearing(...clients);
    await hearing.listen(wakeChannel);
    return !(await hearing.prove());
  } finally {
    for (const client of clients) void client.end().catch(() => {});
  }
}
