import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from './document-list.ts';
import { ManifestError, parseManifest } from './manifest.ts';

/** Far beyond any real one: a path that names the wrong file must not fill the memory. */
const maxManifestBytes = 32 * 1024 * 1024;

/** A file as it was when it was looked at. Equal marks: nothing has changed. */
export type FoundFile = { path: string; size: number; mark: string };

/**
 * The files that `paths` name; of a folder, those in it that end in `.json`, in the order of their names.
 *
 * @throws {ManifestError} when a path can't be read
 */
export async function findManifestFiles(paths: readonly string[]): Promise<readonly FoundFile[]> {
  const found = await Promise.all(paths.map((path) => whileReading(path, () => findBelow(path))));
  return found.flat();
}

async function findBelow(path: string): Promise<FoundFile[]> {
  // Follows links: mounted configuration is often a link to a folder that is replaced as a whole.
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
    const text = await whileReading(path, () => readFile(path, 'utf8'));
    manifests.push({ file: path, documents: parseManifest(text, path) });
  }
  return manifests;
}

async function whileReading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw error instanceof ManifestError || code === undefined
      ? error
      : new ManifestError(path, `can't be read (${code})`);
  }
}
