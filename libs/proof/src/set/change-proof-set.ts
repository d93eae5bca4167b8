import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '@signet/service';
import type { ProofSet } from '../key-files.ts';
import { listFiles, readProofSet, type SetFile } from './proof-folder.ts';

/** Another command is at work in the folder. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}

/**
 * Reads the set in a folder, changes it, and puts each changed file in place of the old one, with its owner and mode.
 * Whatever fails, the files are as they were before. `rename`: a test has one fail.
 *
 * @throws {ConfigError} where the set there is not valid. @throws {LockedError}
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
    // A full disk or a missing right shows here, before any file has changed.
    for (const replacement of replacements) {
      // One that a killed command left would keep its mode.
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

/** The owner of what is there: a process in a container reads it as another user than whoever rotates. */
function giveTo(path: string, ownersPath: string): void {
  const { uid, gid } = statSync(ownersPath);
  chownSync(path, uid, gid);
}

function restore(path: string, old: string | undefined): void {
  if (old === undefined) {
    rmSync(path, { force: true });
    return;
  }
  // In place: its owner and mode are those of the file it replaces again.
  writeFileSync(path, old);
}
