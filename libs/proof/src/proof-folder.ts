import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '@signet/service';
import {
  type FileText,
  type ProofKeyFile,
  type ProofSet,
  parseKeyFile,
  parsePeersFile,
} from './key-files.ts';

/** Folder of peers.json. No service may have this name. */
const peersFolder = 'peers';
const keyFileName = 'key.json';
const peersFileName = 'peers.json';

/**
 * The paths of a service's two files in the folder of a set: `<folder>/<name>/key.json` and `<folder>/peers/peers.json`. Each has
 * its own folder to mount: a single mounted file keeps its old content when another file replaces it.
 */
export function proofPathsOf(folder: string, name: string): { keyFile: string; peersFile: string } {
  return {
    keyFile: join(folder, name, keyFileName),
    peersFile: join(folder, peersFolder, peersFileName),
  };
}

/**
 * Writes a new set: key files with mode 0600 in folders with mode 0700. The whole set appears at once, or nothing.
 *
 * @throws {Error} EEXIST or ENOTEMPTY if the folder is not empty.
 */
export function writeProofSet(folder: string, set: ProofSet): void {
  const target = resolve(folder);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  try {
    for (const { path, text, mode, folderMode } of listFiles(draft, set)) {
      mkdirSync(dirname(path), { mode: folderMode });
      writeFileSync(path, text, { mode, flag: 'wx' });
    }
    // Replaces an empty folder, and no other (POSIX rename).
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

/** @throws {ConfigError} if a file is missing or not valid, or peers.json and the key files disagree. */
export function readProofSet(folder: string): ProofSet {
  const faults: string[] = [];
  const { peersFile } = proofPathsOf(folder, '');
  const peers = take(
    peersFile,
    parsePeersFile,
    faults,
    'npx signet keys proof init --out <folder> makes a set of keys',
  );
  const keyFiles: { [name: string]: ProofKeyFile } = {};
  for (const [name, { keys }] of Object.entries(peers?.peers ?? {})) {
    const { keyFile } = proofPathsOf(folder, name);
    const ifMissing = `${peersFile} lists ${name}: put the key file back, or move ${folder} away and make a new set`;
    const file = take(keyFile, parseKeyFile, faults, ifMissing);
    if (!file) continue;
    keyFiles[name] = file;
    if (file.keys.map(({ x }) => x).join() !== keys.map(({ x }) => x).join()) {
      faults.push(`${keyFile}: has other keys than ${peersFile} says, or in another order`);
    }
  }
  if (faults.length > 0 || !peers) {
    throw new ConfigError(faults);
  }
  return { keyFiles, peers };
}

type SetFile = { path: string; text: string; mode: number; folderMode: number };

/** Every file of a set in `folder`. */
function listFiles(folder: string, { keyFiles, peers }: ProofSet): SetFile[] {
  const text = (content: object) => `${JSON.stringify(content, null, 2)}\n`;
  return [
    ...Object.entries(keyFiles).map(([name, file]) => ({
      path: proofPathsOf(folder, name).keyFile,
      text: text(file),
      mode: 0o600,
      folderMode: 0o700,
    })),
    { path: proofPathsOf(folder, '').peersFile, text: text(peers), mode: 0o644, folderMode: 0o755 },
  ];
}

function take<T>(
  path: string,
  parse: (file: FileText) => { value: T; faults?: never } | { value?: never; faults: string[] },
  faults: string[],
  ifMissing: string,
): T | undefined {
  try {
    const parsed = parse({ path, text: readFileSync(path, 'utf8') });
    faults.push(...(parsed.faults ?? []));
    return parsed.value;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    faults.push(`${path}: can't be read (${code})${code === 'ENOENT' ? `; ${ifMissing}` : ''}`);
    return undefined;
  }
}

/** Another command is working in the folder. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}

/**
 * Reads the set in a folder, changes it, and replaces each changed file, keeping owner and mode. After any failure the files are
 * as they were before. `rename`: for a test in which it fails.
 *
 * @throws {ConfigError} if the set in the folder is not valid. @throws {LockedError}
 */
export function changeProofSet(
  folder: string,
  change: (set: ProofSet) => ProofSet,
  { rename = renameSync } = {},
): ProofSet {
  const unlock = lock(folder);
  try {
    const changed = change(readProofSet(folder));
    replaceFiles(listFiles(folder, changed), rename);
    return changed;
  } finally {
    unlock();
  }
}

function lock(folder: string): () => void {
  const path = join(folder, '.lock');
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') {
      throw new ConfigError([`${folder}: can't be written to (${code})`]);
    }
    throw new LockedError(`Another command changes the keys in ${folder}. If there is none, remove ${path}.`);
  }
  return () => rmSync(path, { force: true });
}

type Replacement = SetFile & { draft: string; old: string | undefined };

function replaceFiles(files: readonly SetFile[], rename: typeof renameSync): void {
  const replacements = files
    .map((file): Replacement => {
      const old = existsSync(file.path) ? readFileSync(file.path, 'utf8') : undefined;
      return { ...file, draft: `${file.path}.new`, old };
    })
    .filter(({ text, old }) => text !== old);
  const drafted: Replacement[] = [];
  const replaced: Replacement[] = [];
  try {
    // A full disk or a missing permission shows here, before any file has changed.
    for (const replacement of replacements) {
      // A draft that a killed command left would keep its mode.
      rmSync(replacement.draft, { force: true });
      drafted.push(replacement);
      writeDraft(replacement);
    }
    for (const replacement of replacements) {
      rename(replacement.draft, replacement.path);
      replaced.push(replacement);
    }
  } catch (error) {
    for (const { path, old } of replaced) restore(path, old);
    for (const { draft } of drafted) rmSync(draft, { force: true });
    throw error;
  }
}

function writeDraft({ path, draft, text, mode, folderMode, old }: Replacement): void {
  const folder = dirname(path);
  if (!existsSync(folder)) {
    mkdirSync(folder, { mode: folderMode });
    giveTo(folder, dirname(folder));
  }
  writeFileSync(draft, text, { mode, flag: 'wx' });
  giveTo(draft, old === undefined ? folder : path);
}

/** Gives `path` the owner of `ownersPath`: a process in a container reads the file as another user than the operator. */
function giveTo(path: string, ownersPath: string): void {
  const { uid, gid } = statSync(ownersPath);
  chownSync(path, uid, gid);
}

function restore(path: string, old: string | undefined): void {
  if (old === undefined) {
    rmSync(path, { force: true });
    return;
  }
  // Written in place: the file keeps the owner and mode of the one that it replaces.
  writeFileSync(path, old);
}
