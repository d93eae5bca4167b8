import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DatabaseStartError, explainFolderError } from './errors.ts';
import { removeLeftovers } from './processes.ts';
import { nameFolder, openForServer, type ServerUser } from './server-user.ts';

export const majorVersion = '18';
const passwordFile = 'signet-superuser-password';

type Paths = { dataDir: string; initdb: string; user: ServerUser };

/** Makes the data folder ready, initialised at first use. Returns the superuser's password, which lies in it (mode 0600). */
export async function prepareDataFolder({ dataDir, initdb, user }: Paths): Promise<string> {
  const version = await readIfThere(join(dataDir, 'PG_VERSION'));
  if (version === undefined) await initialise({ dataDir, initdb, user });
  else if (version.trim() !== majorVersion) {
    throw new DatabaseStartError(
      `${dataDir} holds data of PostgreSQL ${version.trim()}, and this version of Signet runs PostgreSQL ${majorVersion}: ` +
        'start the version of Signet that made the data, or set SIGNET_HOME to another folder.',
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
    // Root's server user passes through it where it can; what lies in it has modes of its own.
    await mkdir(parent, { recursive: true, mode: user ? 0o711 : 0o700 });
    await removeLeftovers(parent, `${basename(dataDir)}.init-`);
    work = await mkdtemp(`${dataDir}.init-${process.pid}-`);
    if (user) await chown(work, user.ids.uid, user.ids.gid);
    const password = randomBytes(24).toString('base64url');
    await writeOwned(join(work, 'password'), password, user);
    await runInitdb({ dataDir, initdb, user }, work);
    await rename(join(work, 'password'), join(work, 'data', passwordFile));
    await renameUnlessDone(join(work, 'data'), dataDir);
  } catch (error) {
    throw explainFolderError(error, dataDir);
  } finally {
    if (work) await rm(work, { recursive: true, force: true });
  }
}

/** Fills `<work>/data`; the superuser's password is in `<work>/password`. */
async function runInitdb({ dataDir, initdb, user }: Paths, work: string): Promise<void> {
  const folder = await openForServer(user, work);
  try {
    const child = spawn(initdb, initdbArguments(join(folder.path, 'data'), join(folder.path, 'password')), {
      ...user?.ids,
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe', ...folder.stdio],
    });
    const failed = once(child, 'close').then(
      ([code]) => code !== 0,
      (error: Error) => error.message,
    );
    const [output, failure] = await Promise.all([text(child.stderr as NodeJS.ReadableStream), failed]);
    if (failure) throw explainInitdb(failure === true ? nameFolder(output, work) : failure, dataDir);
  } finally {
    await folder.close();
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

function explainInitdb(output: string, dataDir: string): DatabaseStartError {
  const lines = output.trim().split('\n');
  const reason = lines.find((line) => /error|fatal|could not/i.test(line)) ?? lines.at(-1) ?? '';
  return new DatabaseStartError(
    `PostgreSQL could not initialise ${dataDir} (${reason.trim()}): set SIGNET_HOME to another folder, or set DATABASE_URL.`,
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
