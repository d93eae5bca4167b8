import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseStartError, explainFolderError } from './errors.ts';
import { isAlive } from './processes.ts';
import { assertReachable, type ServerUser } from './server-user.ts';

const run = promisify(execFile);
const majorVersion = '18';
const passwordFile = 'signet-superuser-password';

type Paths = { dataDir: string; initdb: string; user: ServerUser };

/** Makes the data folder ready, initialised at first use. Returns the superuser's password, which lies in it (mode 0600). */
export async function prepareDataFolder({ dataDir, initdb, user }: Paths): Promise<string> {
  const version = await readIfThere(join(dataDir, 'PG_VERSION'));
  if (version === undefined) await initialise({ dataDir, initdb, user });
  else if (version.trim() !== majorVersion) {
    throw new DatabaseStartError(
      `${dataDir} holds data of PostgreSQL ${version.trim()}, this is ${majorVersion}: set SIGNET_HOME to another folder.`,
    );
  }
  const password = await readSuperuserPassword(dataDir);
  if (password === undefined) {
    throw new DatabaseStartError(
      `${dataDir} is not a data folder of this platform (no ${passwordFile}): set SIGNET_HOME to another folder.`,
    );
  }
  return password;
}

export async function readSuperuserPassword(dataDir: string): Promise<string | undefined> {
  return (await readIfThere(join(dataDir, passwordFile)))?.trim();
}

/**
 * initdb works in a folder beside, which is renamed when all is done: what a killed initdb leaves behind looks ready and
 * is not. The server's user owns the folder, so that root can hand it over.
 */
async function initialise({ dataDir, initdb, user }: Paths): Promise<void> {
  const parent = dirname(dataDir);
  let work: string | undefined;
  try {
    // Root's server user must pass through it; what lies in it has modes of its own.
    await mkdir(parent, { recursive: true, mode: user ? 0o711 : 0o700 });
    await removeLeftovers(dataDir);
    work = await mkdtemp(`${dataDir}.init-${process.pid}-`);
    if (user) await chown(work, user.ids.uid, user.ids.gid);
    assertReachable(user, parent, 'set SIGNET_HOME to a folder that everyone may enter, or set DATABASE_URL');
    const password = randomBytes(24).toString('base64url');
    await writeOwned(join(work, 'password'), password, user);
    await run(initdb, initdbArguments(join(work, 'data'), join(work, 'password')), {
      ...user?.ids,
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    });
    await rename(join(work, 'password'), join(work, 'data', passwordFile));
    await renameUnlessDone(join(work, 'data'), dataDir);
  } catch (error) {
    throw explainInitError(error, dataDir);
  } finally {
    if (work) await rm(work, { recursive: true, force: true });
  }
}

function initdbArguments(pgdata: string, pwfile: string): string[] {
  // Without the locale flags an unset LANG gives SQL_ASCII, and any other LANG its own sort order.
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const auth = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${pwfile}`];
  return [`--pgdata=${pgdata}`, ...locale, ...auth, '--no-sync', '--no-instructions'];
}

async function writeOwned(path: string, text: string, user: ServerUser): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
  if (user) await chown(path, user.ids.uid, user.ids.gid);
}

/** Two that start at once both initialise; the second finds the first one's folder in place and takes that. */
async function renameUnlessDone(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((await readIfThere(join(to, 'PG_VERSION'))) !== undefined) return;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    throw new DatabaseStartError(`${to} holds something else already: set SIGNET_HOME to another folder.`, {
      cause: error,
    });
  }
}

/** Folders of killed initialisations: their name ends in the id of a process that is no more. */
async function removeLeftovers(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.init-`;
  for (const name of await readdir(dirname(dataDir))) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : Number.NaN;
    if (pid && pid !== process.pid && !isAlive(pid))
      await rm(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}

function explainInitError(error: unknown, dataDir: string): unknown {
  if (error instanceof DatabaseStartError) return error;
  const stderr = (error as { stderr?: unknown }).stderr;
  if (typeof stderr !== 'string') return explainFolderError(error, dataDir);
  const reason =
    stderr.split('\n').find((line) => /error|fatal|could not/i.test(line)) ?? (error as Error).message;
  return new DatabaseStartError(
    `PostgreSQL could not initialise ${dataDir} (${reason.trim()}): set SIGNET_HOME to another folder, or set DATABASE_URL.`,
    { cause: error },
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw explainFolderError(error, dirname(path));
  }
}
