import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lchown, mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Decrypter } from 'age-encryption';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { majorVersion } from '../embedded/data-folder.ts';
import { startEmbeddedPostgres } from '../embedded/index.ts';
import { removeLeftovers } from '../embedded/processes.ts';
import { findServerUser } from '../embedded/server-user.ts';
import { type BackupDescription, BackupError, backupFormat, isOfDatabase, names } from './backup.ts';
import { assertAllThere } from './manifest.ts';

export type RestoreOptions<T> = {
  home: string;
  file: string;
  passphrase?: string | undefined;
  /** Works on the restored database as its superuser, before anybody else can reach it. `home` is where SIGNET_HOME is until then. */
  finish: (restored: { adminUrl: string; home: string; backup: BackupDescription }) => Promise<T>;
};

/**
 * Makes SIGNET_HOME anew from a backup. All of it happens in a folder beside, which gets the name at the end: where anything fails before,
 * or this process is killed, there is no home.
 *
 * @throws {BackupError} DatabaseStartError, and what `finish` throws
 */
export async function restore<T>({ home, file, passphrase, finish }: RestoreOptions<T>): Promise<T> {
  const target = resolve(home);
  let work: string | undefined;
  try {
    if ((await listFolder(target)).length > 0) throw notEmpty(target);
    await mkdir(dirname(target), { recursive: true });
    await removeLeftovers(dirname(target), `${basename(target)}.restore-`);
    work = await mkdtemp(`${target}.restore-${process.pid}-`);
    const draft = join(work, 'home');
    await mkdir(draft);
    // Root's server runs as another user, who passes through.
    for (const folder of [work, draft]) await chmod(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
    const backup = await unpack(file, passphrase, draft);
    const dataDir = join(draft, 'postgres');
    await giveToServer(dataDir);
    const { adminUrl, stop } = await startEmbeddedPostgres({ dataDir, port: 0 });
    const result = await finish({ adminUrl, home: draft, backup }).finally(stop);
    await rename(draft, target).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOTEMPTY' || error.code === 'EEXIST' ? notEmpty(target) : error;
    });
    return result;
  } catch (error) {
    throw explainDisk(error, target);
  } finally {
    if (work) await rm(work, { recursive: true, force: true });
  }
}

/** Writes what the archive holds into the folder, and checks that all of it is there as it was. */
async function unpack(
  file: string,
  passphrase: string | undefined,
  folder: string,
): Promise<BackupDescription> {
  const bytes = await openArchive(file, passphrase);
  try {
    const tar = createGunzip();
    pipeline(bytes, tar).catch(() => {}); // Whoever reads it gets the error.
    const digests = new Map<string, string>();
    let description: BackupDescription | undefined;
    for await (const entry of ReadableStream.from<Bytes>(tar).pipeThrough(
      createTarDecoder({ strict: true }),
    )) {
      if (description) await store(entry, folder, digests);
      else description = await readDescription(entry, file);
    }
    if (!description) throw new Error('it is empty');
    await assertAllThere(folder, description, digests);
    return description;
  } catch (error) {
    throw explainArchive(error, file);
  }
}

type Bytes = Uint8Array<ArrayBuffer>;
/** How a file in the format of age begins, whatever opens it. */
const ageHeader = 'age-encryption.org/v1\n';

async function openArchive(file: string, passphrase: string | undefined): Promise<AsyncIterable<Bytes>> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw new BackupError(`${file} cannot be read (${error.code}).`);
  });
  const start = Buffer.alloc(ageHeader.length);
  await handle.read(start, 0, start.length, 0).finally(() => handle.close());
  if (start.toString('latin1') !== ageHeader) return createReadStream(file);
  if (passphrase === undefined) {
    throw new BackupError(`${file} is encrypted: give its passphrase (--passphrase-file).`);
  }
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  const bytes = ReadableStream.from<Bytes>(createReadStream(file));
  return (await decrypter.decrypt(bytes).catch((error: Error) => {
    throw new BackupError(`The passphrase does not open ${file} (${error.message}).`);
  })) as ReadableStream<Bytes>;
}

async function readDescription({ header, body }: ParsedTarEntry, file: string): Promise<BackupDescription> {
  if (header.name !== names.description || header.size > 10_000_000) throw new Error('it is another archive');
  const description = JSON.parse((await buffer(body)).toString('utf8')) as BackupDescription;
  if (description.format !== backupFormat) {
    throw new BackupError(
      `${file} has the format ${description.format}, and this version of Signet reads ${backupFormat}: restore it with the version that made it.`,
    );
  }
  if (description.postgres !== majorVersion) {
    throw new BackupError(
      `${file} holds data of PostgreSQL ${description.postgres}, and this version of Signet runs PostgreSQL ${majorVersion}: restore it with the version that made it.`,
    );
  }
  return description;
}

/** Only files and folders below the two that a backup has. */
async function store(
  { header, body }: ParsedTarEntry,
  folder: string,
  digests: Map<string, string>,
): Promise<void> {
  const { name, type } = header;
  const path = placeOf(name);
  if (path === undefined || (type !== 'file' && type !== 'directory') || digests.has(name)) {
    throw new Error(`it has an entry ${JSON.stringify(name)}, which no backup has`);
  }
  const target = join(folder, path);
  if (type === 'directory') {
    await body.cancel();
    await mkdir(target, { recursive: true, mode: 0o700 });
    return;
  }
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const handle = await open(target, 'wx', 0o600);
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    // The server writes its own files to the disk when it starts.
    if (name.startsWith(names.home)) await handle.sync();
  } finally {
    await handle.close();
  }
  digests.set(name, hash.digest('hex'));
}

/** Where an entry belongs in SIGNET_HOME; undefined for a name that leads elsewhere. */
function placeOf(name: string): string | undefined {
  const isHome = name.startsWith(names.home);
  if (!isHome && !name.startsWith(names.database)) return undefined;
  const path = isHome ? name.slice(names.home.length) : name;
  if (isHome && isOfDatabase(path)) return undefined;
  const parts = path.replace(/\/$/, '').split('/');
  return parts.some((part) => ['', '.', '..'].includes(part)) || path.includes('\0') ? undefined : path;
}

/** As root, the data belongs to the user as whom the server runs. */
async function giveToServer(dataDir: string): Promise<void> {
  await chmod(dataDir, 0o700);
  const user = await findServerUser(dataDir);
  if (!user) return;
  const { uid, gid } = user.ids;
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), uid, gid);
  }
  await lchown(dataDir, uid, gid);
}

async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

function notEmpty(home: string): BackupError {
  return new BackupError(
    `SIGNET_HOME: ${home} holds something already, and a restore replaces nothing: stop what runs there and move the folder away, or choose another.`,
  );
}

/** What is wrong with the bytes of the file is of no interest for who restores, beyond that they are not a backup's. */
function explainArchive(error: unknown, file: string): unknown {
  if (error instanceof BackupError || isDiskFault(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new BackupError(`${file} is damaged, or not a backup (${reason}). Nothing was restored.`, {
    cause: error,
  });
}

const diskFaults: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'a file may not become that large there',
  EACCES: 'the folder is not writable',
  EROFS: 'the file system is read-only',
};

function isDiskFault(error: unknown): error is NodeJS.ErrnoException {
  return Object.hasOwn(diskFaults, (error as NodeJS.ErrnoException).code ?? '');
}

function explainDisk(error: unknown, home: string): unknown {
  if (!isDiskFault(error)) return error;
  return new BackupError(`Nothing was restored to ${home}: ${diskFaults[error.code ?? '']}.`, {
    cause: error,
  });
}
