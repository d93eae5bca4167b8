import { execFile, spawnSync } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseStartError } from './errors.ts';

const run = promisify(execFile);

/** Who runs the server: the present user (nothing set), or for root an ordinary one. */
export type ServerUser = { name: string; ids: UserIds } | undefined;
type UserIds = { uid: number; gid: number };

const userName = 'postgres';

/**
 * PostgreSQL refuses to run as root, so root hands it to the owner of the data folder, and a new one to the user
 * `postgres`, made here where there is none. Where none can be made (no `useradd`, a read-only /etc) it is `nobody`:
 * initdb accepts only users that the system knows.
 */
export async function findServerUser(dataDir: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDir).catch(() => undefined);
  if (owner && owner.uid !== 0) return { name: `${owner.uid}`, ids: { uid: owner.uid, gid: owner.gid } };
  const known = await findIds(userName);
  if (known) return { name: userName, ids: known };
  return await createUser();
}

async function findIds(name: string): Promise<UserIds | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function createUser(): Promise<ServerUser> {
  const failures: string[] = [];
  for (const [command, ...args] of [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', userName],
    ['adduser', '-S', '-D', '-H', userName], // Alpine's and busybox's
  ] as const) {
    await run(command, args).catch((error: Error) =>
      failures.push(error.message.trim().split('\n').at(-1) ?? ''),
    );
    const ids = await findIds(userName);
    if (ids) return { name: userName, ids };
  }
  const nobody = await findIds('nobody');
  if (nobody && nobody.uid !== 0) return { name: 'nobody', ids: nobody };
  throw new DatabaseStartError(
    `PostgreSQL does not run as root and no user '${userName}' could be created (${failures.join('; ')}): ` +
      'start as an ordinary user, or set DATABASE_URL.',
  );
}

/** A folder of the server user's, as its processes find it. */
export type OpenFolder = {
  path: string;
  /** For the end of spawn's `stdio`: the process inherits the open folder. */
  stdio: (number | 'ignore')[];
  close(): Promise<void>;
};

/** Number 3 belongs to the shell that keeps the server. */
const inheritedPath = '/proc/self/fd/4';

/**
 * Opens a folder for the server. Its user owns the folder, but a closed folder above (as /root) may keep that user from
 * its path. Then the server inherits the folder open and uses it through /proc, which asks for no right on the folders
 * above; the data stay where they are. Only Linux has that.
 */
export async function openForServer(user: ServerUser, folder: string): Promise<OpenFolder> {
  const parent = dirname(folder);
  if (!user || canExecute(user, parent)) return { path: folder, stdio: [], close: async () => {} };
  if (!existsSync('/proc/self/fd')) {
    throw new DatabaseStartError(
      `As root, PostgreSQL runs as the user '${user.name}', who can't enter ${parent}: ` +
        'set SIGNET_HOME to a folder that everybody may enter, or set DATABASE_URL.',
    );
  }
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: inheritedPath, stdio: ['ignore', handle.fd], close: () => handle.close() };
}

/** PostgreSQL's own words with the folder's name instead of the number under which the server has it open. */
export function nameFolder(text: string, folder: string): string {
  return text.replaceAll(inheritedPath, folder);
}

/** Whether that user may run the program or enter the folder at this path. */
export function canExecute(user: NonNullable<ServerUser>, path: string): boolean {
  return spawnSync('test', ['-x', path], { ...user.ids, cwd: '/', stdio: 'ignore' }).status === 0;
}
