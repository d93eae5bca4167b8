import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether a process with this id runs, of any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether this id is a PostgreSQL server's: after a restart of the machine it may be anyone's. */
export function isPostgres(pid: number): boolean {
  return isAlive(pid) && /postgres/.test(commandOf(pid));
}

function commandOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // `123 (postgres) Z`: ended, and never collected where the container's first process is no init.
    return / Z /.test(stat.slice(stat.lastIndexOf(')'))) ? '' : stat;
  } catch {
    // No /proc: macOS.
  }
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'comm='], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}

/** Removes what killed processes left half done in `folder`: names of `prefix`, the id of a process that has ended, `-`. */
export async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : Number.NaN;
    if (pid && pid !== process.pid && !isAlive(pid))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

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
