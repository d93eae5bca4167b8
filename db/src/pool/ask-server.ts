import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as pollOnce } from 'node:timers/promises';
import { guardProtocol } from '@signet/flow';
import pg from 'pg';

export type ServerQuestion = {
  connectionString: string;
  applicationName: string;
  /** Backends whose answers are waited for. */
  pids: readonly number[];
  /** How long to wait for the first byte. */
  firstByteMs: number;
  /** How long to wait for the answer, in all. */
  answerMs: number;
};

/** `idlePids`: those of the backends that have had nothing to do for a second. */
export type ServerSign =
  | { kind: 'silent' }
  /** It is there, but says no more: no connection is free, it is starting, it is slow. */
  | { kind: 'alive'; idlePids: readonly number[] };

/**
 * Asks the server on a new connection what it is doing for others. A refused connection is a sign of life: the path is not
 * silent, and whoever connects gets an error at once.
 */
export async function askServer(question: ServerQuestion): Promise<ServerSign> {
  const { connectionString, applicationName, pids, firstByteMs, answerMs } = question;
  const client = new pg.Client({ connectionString, application_name: applicationName });
  guardProtocol(client);
  const { connection } = client as unknown as { connection: EventEmitter & { stream: Socket } };
  let isHeard = false;
  const hear = () => {
    isHeard = true;
  };
  connection.on('message', hear);
  connection.on('sslconnect', hear);
  client.on('error', () => {});
  const give = Promise.withResolvers<ServerSign>();
  const conclude = async () => {
    // After a busy moment of this process, what came meanwhile is read after the timers.
    await pollOnce();
    await pollOnce();
    give.resolve(isHeard ? { kind: 'alive', idlePids: [] } : { kind: 'silent' });
  };
  const timers = [setTimeout(() => isHeard || conclude(), firstByteMs), setTimeout(conclude, answerMs)];
  for (const timer of timers) timer.unref();
  const ask = async (): Promise<ServerSign> => {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where pid = any($1) and usename = current_user and state like 'idle%'
         and clock_timestamp() - state_change > interval '1 second'`,
      [pids],
    );
    return { kind: 'alive', idlePids: rows.map(({ pid }) => pid) };
  };
  ask().then(give.resolve, (error: NodeJS.ErrnoException) => {
    const isAnswered = isHeard || error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET';
    give.resolve(isAnswered ? { kind: 'alive', idlePids: [] } : { kind: 'silent' });
  });
  try {
    return await give.promise;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    connection.stream.destroy();
  }
}
