import { execFile, spawnSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseStartError } from './errors.ts';

const run = promisify(execFile);

/** Who runs the server: the present user (nothing set), or for root an ordinary one. */
export type ServerUser = { name: string; ids: { uid: number; gid: number } } | undefined;

const userName = 'postgres';

/**
 * PostgreSQL refuses to run as root, so root hands it to the owner of the data folder, and a new one to the user
 * `postgres`, made here where there is none.
 */
export async function findServerUser(dataDir: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDir).catch(() => undefined);
  if (owner && owner.uid !== 0) return { name: `${owner.uid}`, ids: { uid: owner.uid, gid: owner.gid } };
  const ids = (await findIds()) ?? (await createUser());
  return { name: userName, ids };
}

async function findIds(): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', userName]), run('id', ['-g', userName])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function createUser(): Promise<{ uid: number; gid: number }> {
  const failures: string[] = [];
  for (const [command, ...args] of [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', userName],
    ['adduser', '-S', '-D', '-H', userName], // Alpine's and busybox's
  ] as const) {
    await run(command, args).catch((error: Error) =>
      failures.push(error.message.trim().split('\n').at(-1) ?? ''),
    );
    const ids = await findIds();
    if (ids) return ids;
  }
  throw new DatabaseStartError(
    `PostgreSQL does not run as root and no user '${userName}' could be created (${failures.join('; ')}): ` +
      'start as an ordinary user, or set DATABASE_URL.',
  );
}

/** Throws unless that user can reach the path: a folder of root's above it (as /root) may be closed to everyone else. */
export function assertReachable(user: ServerUser, path: string, advice: string): void {
  if (!user || canEnter(user, path)) return;
  const closed = ancestors(path).find((folder) => !canEnter(user, folder)) ?? path;
  throw new DatabaseStartError(
    `As root, PostgreSQL runs as the user '${user.name}', to whom ${closed} is closed: ${advice}.`,
  );
}

function canEnter(user: NonNullable<ServerUser>, path: string): boolean {
  return spawnSync('test', ['-x', path], { ...user.ids, cwd: '/', stdio: 'ignore' }).status === 0;
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...ancestors(parent), path];
}
