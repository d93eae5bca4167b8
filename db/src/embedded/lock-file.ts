import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isPostgres } from './processes.ts';

/** `starting`, `ready`, `stopping` and so on. */
export type ServerLock = { pid: number; port: number; status: string };

/** The server's own lock, postmaster.pid: its process in the first line, its port in the fourth, its status in the eighth. */
export async function readLock(dataDir: string): Promise<ServerLock | undefined> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), status: (lines[7] ?? '').trim() };
}

/** After a crash of the machine the id in the lock may be another program's, and PostgreSQL would wait for that. */
export async function removeStaleLock(dataDir: string): Promise<void> {
  const lock = await readLock(dataDir);
  if (lock && !isPostgres(lock.pid)) await rm(join(dataDir, 'postmaster.pid'), { force: true });
}
