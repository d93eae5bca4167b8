import { chmod, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'signet-test-';

/** A folder for a database server of this run; what runs that were killed left behind goes first. */
export async function createRunFolder(): Promise<string> {
  const parent = await findFastFolder();
  await removeLeftovers(parent);
  const folder = await mkdtemp(join(parent, `${prefix}${process.pid}-`));
  await chmod(folder, 0o711); // As root, the server runs as another user, who must pass through.
  return folder;
}

/** Memory where there is plenty: copying a template makes 300 files, 0.25 s on a slow disk and 0.02 s there. */
async function findFastFolder(): Promise<string> {
  const memory = await statfs('/dev/shm').catch(() => undefined);
  return memory && memory.bavail * memory.bsize > 2 * 2 ** 30 ? '/dev/shm' : tmpdir();
}

async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? [];
    // Another user's folder stays: it is not ours to remove.
    if (pid && !isAlive(Number(pid)))
      await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
