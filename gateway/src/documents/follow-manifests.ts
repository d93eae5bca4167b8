import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '@signet/flow';
import { decodeUtf8, type Logger } from '@signet/service';
import { type DocumentList, joinManifests, type Manifest, ManifestError, parseManifest } from './manifest.ts';

export type FollowOptions = {
  /** Paths of manifests and of folders with manifests. */
  paths: readonly string[];
  logger: Logger;
  /** Called with each new list. */
  onChange?(list: DocumentList): void;
  pollMs?: number;
};

export type FollowedManifests = {
  /** The list as it is now. */
  readonly list: DocumentList;
  stop(): Promise<void>;
};

/** File system events do not cross every mount, and checking a few files is cheap. */
const defaultPollMs = 5000;

/**
 * Reads manifests, and reads them again when a file changes, appears or disappears. A change that cannot be used is
 * logged once and leaves the list as it was: a file may be half written, and a mistake must not close the entrance.
 *
 * @throws {ManifestError} at the start only
 */
export async function followManifests(options: FollowOptions): Promise<FollowedManifests> {
  const { paths, logger } = options;
  const first = await findManifestFiles(paths);
  let list = joinManifests(await readManifests(first));
  let seen = markOf(first);
  const look = async () => {
    const files = await findManifestFiles(paths);
    const mark = markOf(files);
    if (mark === seen) return;
    // Set even if reading fails: only the next change can help, not another try.
    seen = mark;
    const next = joinManifests(await readManifests(files));
    if (next.documents.length === 0 && list.documents.length > 0) {
      throw new Error('the manifests list no document any more');
    }
    list = next;
    logger.info({ files: files.length, documents: list.documents.length }, 'trusted documents reread');
    options.onChange?.(list);
  };
  return {
    get list() {
      return list;
    },
    stop: poll(look, {
      everyMs: options.pollMs ?? defaultPollMs,
      onFault: ({ message }) =>
        logger.error({ fault: message }, 'trusted documents cannot be reread; the previous list stays'),
    }),
  };
}

function markOf(files: readonly FoundFile[]): string {
  return files.map(({ mark }) => mark).join('\n');
}

/** Far larger than any real manifest: a path to the wrong file must not fill the memory. */
const maxManifestBytes = 32 * 1024 * 1024;

/** The state of a file when it was checked. Equal marks mean that nothing has changed. */
export type FoundFile = { path: string; size: number; mark: string };

/**
 * Finds the files that `paths` name. A folder stands for its `.json` files, in the order of their names.
 *
 * @throws {ManifestError} when a path cannot be read
 */
export async function findManifestFiles(paths: readonly string[]): Promise<readonly FoundFile[]> {
  const found = await Promise.all(paths.map((path) => whileReading(path, () => findBelow(path))));
  return found.flat();
}

async function findBelow(path: string): Promise<FoundFile[]> {
  // `stat` follows links: mounted configuration is often a link to a folder that is replaced as a whole.
  const status = await stat(path, { bigint: true });
  if (!status.isDirectory()) {
    return [
      { path, size: Number(status.size), mark: `${path} ${status.ino} ${status.size} ${status.mtimeNs}` },
    ];
  }
  const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
  return (await Promise.all(names.map((name) => findBelow(join(path, name))))).flat();
}

/** @throws {ManifestError} */
export async function readManifests(files: readonly FoundFile[]): Promise<readonly Manifest[]> {
  const manifests: Manifest[] = [];
  for (const { path, size } of files) {
    if (size > maxManifestBytes) {
      throw new ManifestError(path, `has more than ${maxManifestBytes} bytes`);
    }
    const bytes = await whileReading(path, () => readFile(path));
    manifests.push({ file: path, documents: parseManifest(decode(bytes, path), path) });
  }
  return manifests;
}

function decode(bytes: Buffer, path: string): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new ManifestError(path, 'is not UTF-8');
  }
}

async function whileReading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw error instanceof ManifestError || code === undefined
      ? error
      : new ManifestError(path, `cannot be read (${code})`);
  }
}
