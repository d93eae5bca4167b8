import { createHash, randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Encrypter } from 'age-encryption';
import { createTarDecoder, createTarPacker, type TarPackController } from 'modern-tar';
import { majorVersion } from '../embedded/data-folder.ts';
import { findRunningPostgres, startEmbeddedPostgres } from '../embedded/index.ts';
import { removeLeftovers } from '../embedded/processes.ts';
import { type BaseBackup, openBaseBackup } from './base-backup.ts';

/** A backup or a restore failed for a reason that the operator can remove. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** The first entry of the archive. */
export type BackupDescription = {
  format: typeof backupFormat;
  /** Major version of the server whose files these are. */
  postgres: string;
  /** When it began. The data is of the moment at which it ended. */
  createdAt: string;
  /** SHA-256 of each file of SIGNET_HOME beside the database, by its path. The server's own list covers the database. */
  home: Readonly<Record<string, string>>;
};

/** Another number for what an older version cannot read. */
export const backupFormat = 'signet-backup/1';
/** Names in the archive. The description comes first, the manifest last: an archive without it is not complete. */
export const names = {
  description: 'backup.json',
  home: 'home/',
  database: 'postgres/',
  manifest: 'postgres/backup_manifest',
} as const;

export type Backup = { file: string; bytes: number; isEncrypted: boolean; createdAt: Date };

/**
 * Copies SIGNET_HOME into one file (mode 0600): the embedded database, whether it runs or not, and the secrets without which its data
 * is worth nothing. The file is a .tar.gz; with a passphrase, one in the format of age. It appears when it is whole.
 *
 * @throws {BackupError} DatabaseStartError
 */
export async function backUp({
  home,
  file,
  passphrase,
}: {
  home: string;
  file: string;
  passphrase?: string | undefined;
}): Promise<Backup> {
  const dataDir = join(resolve(home), 'postgres');
  if (!(await stat(join(dataDir, 'PG_VERSION')).catch(() => undefined))) {
    throw new BackupError(`SIGNET_HOME: there is no database in ${resolve(home)}.`);
  }
  if (resolve(file).startsWith(`${resolve(home)}/`)) {
    throw new BackupError(`${file} lies in SIGNET_HOME, and would hold itself: choose a file elsewhere.`);
  }
  const createdAt = new Date();
  const running = await findRunningPostgres(dataDir);
  const server = running ? undefined : await startEmbeddedPostgres({ dataDir, port: 0 });
  try {
    const adminUrl = running ?? (server as { adminUrl: string }).adminUrl;
    const bytes = await writeWhole(file, async (sink) => {
      const source = await openBaseBackup(adminUrl);
      try {
        await pack({ home: resolve(home), source, createdAt }, encrypted(passphrase, sink));
      } finally {
        await source.close();
      }
    });
    return { file, bytes, isEncrypted: passphrase !== undefined, createdAt };
  } finally {
    await server?.stop();
  }
}

type Bytes = Uint8Array<ArrayBuffer>;
/** Takes all that comes. */
type Sink = (bytes: AsyncIterable<Bytes>) => Promise<void>;

function encrypted(passphrase: string | undefined, sink: Sink): Sink {
  if (passphrase === undefined) return sink;
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  return async (bytes) =>
    sink((await encrypter.encrypt(ReadableStream.from(bytes))) as ReadableStream<Bytes>);
}

async function pack(
  { home, source, createdAt }: { home: string; source: BaseBackup; createdAt: Date },
  sink: Sink,
): Promise<void> {
  const { readable, controller } = createTarPacker();
  const stored = pipeline(readable, createGzip(), sink);
  const packed = packAll(controller, { home, source, createdAt }).catch((error: unknown) => {
    controller.error(error);
    throw error;
  });
  // Each fails with the others. First comes what the server says, then what the disk does.
  const results = await Promise.allSettled([stored, packed]);
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length > 0) throw source.failure() ?? reasons[0];
}

async function packAll(
  controller: TarPackController,
  { home, source, createdAt }: { home: string; source: BaseBackup; createdAt: Date },
): Promise<void> {
  const files = await readHome(home);
  const description: BackupDescription = {
    format: backupFormat,
    postgres: majorVersion,
    createdAt: createdAt.toISOString(),
    home: digestsOf(files),
  };
  await addFile(controller, names.description, Buffer.from(`${JSON.stringify(description, null, 2)}\n`));
  for (const [path, content] of files) await addFile(controller, `${names.home}${path}`, content);
  const entries = source.archive.pipeThrough(createTarDecoder({ strict: true }));
  for await (const { header, body } of entries) {
    const { pax: _pax, uname: _uname, gname: _gname, ...plain } = header;
    const name = `${names.database}${header.name.replace(/^\.\//, '')}`;
    await body.pipeTo(controller.add({ ...plain, name }));
  }
  // Sealed under one set of secrets, the database must not meet another one.
  if (JSON.stringify(digestsOf(await readHome(home))) !== JSON.stringify(description.home)) {
    throw new BackupError(`The secrets in ${home} changed while the backup was made: make it again.`);
  }
  await addFile(controller, names.manifest, await source.manifest);
  controller.finalize();
}

/** Whether a path in SIGNET_HOME is of the database, or of what a killed start left of one. */
export function isOfDatabase(path: string): boolean {
  return /^postgres(\.|\/|$)/.test(path);
}

/**
 * Everything in SIGNET_HOME but the database: names of files with their bytes. The folders of the database are not even listed: a server
 * that runs removes some of them meanwhile.
 */
export async function readHome(home: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const readFolder = async (folder: string) => {
    for (const entry of await readdir(join(home, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (isOfDatabase(path)) continue;
      if (entry.isSymbolicLink()) {
        throw new BackupError(
          `${join(home, path)} is a link, and a backup would lack what it leads to: put the file itself there.`,
        );
      }
      if (entry.isDirectory()) await readFolder(path);
      else if (entry.isFile()) files.set(path, await readFile(join(home, path)));
    }
  };
  await readFolder('');
  return new Map([...files].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function digestsOf(files: ReadonlyMap<string, Buffer>): Record<string, string> {
  return Object.fromEntries(
    [...files].map(([path, content]) => [path, createHash('sha256').update(content).digest('hex')]),
  );
}

async function addFile(controller: TarPackController, name: string, content: Buffer): Promise<void> {
  const writer = controller
    .add({ name, size: content.length, type: 'file', mode: 0o600, mtime: new Date() })
    .getWriter();
  if (content.length > 0) await writer.write(content as Bytes);
  await writer.close();
}

/** Writes beside the file, and gives it its name when all is on the disk. A file that is there already stays. Returns its size. */
async function writeWhole(file: string, work: (sink: Sink) => Promise<void>): Promise<number> {
  const draft = `${resolve(file)}.part-${process.pid}-${randomUUID().slice(0, 8)}`;
  try {
    await assertFree(file);
    await removeLeftovers(dirname(draft), `${basename(file)}.part-`);
    const handle = await open(draft, 'wx', 0o600);
    try {
      await work(async (bytes) => {
        for await (const chunk of bytes) await handle.writeFile(chunk);
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
    return (await stat(draft)).size;
  } catch (error) {
    throw explainFileError(error, file);
  } finally {
    await rm(draft, { force: true });
  }
}

async function assertFree(file: string): Promise<void> {
  if (await stat(file).catch(() => undefined)) {
    throw new BackupError(`${file} is there already: choose another name.`);
  }
}

const fileFaults: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'a file may not become that large here',
  EEXIST: 'it is there already',
  ENOENT: 'there is no such folder',
  EACCES: 'the folder is not writable',
  EROFS: 'the file system is read-only',
};

function explainFileError(error: unknown, file: string): unknown {
  const fault = fileFaults[(error as NodeJS.ErrnoException).code ?? ''];
  return fault ? new BackupError(`No backup was made in ${file}: ${fault}.`, { cause: error }) : error;
}
