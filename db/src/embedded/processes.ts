import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

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
