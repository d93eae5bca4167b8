import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { ConfigError, configFields, type KeyList } from '@signet/service';

/** A step of a rotation, on the keys of a secret's file. Returns the keys as they are to be; throws where the step can't be taken. */
export type KeyListStep = (keys: KeyList) => readonly Buffer[];

/** A new key behind the others: it is accepted, and makes nothing yet. */
export const appendKey: KeyListStep = (keys) => [...keys, randomBytes(32)];

/** The last key becomes the first: it makes what is new from now on. */
export const promoteKey: KeyListStep = (keys) => {
  const last = keys.at(-1) as Buffer;
  if (keys.length < 2) throw new ConfigError(['There is one key only: make the next one first (rotate).']);
  return [last, ...keys.slice(0, -1)];
};

/**
 * Takes a step on the file of a secret, a key on each line. The file keeps its owner and mode, and is replaced whole or not at all.
 *
 * @returns the keys as they are now.
 * @throws {ConfigError} where the file can't be read or written, or has another form: it stays as it was.
 */
export async function changeKeyFile(path: string, step: KeyListStep): Promise<KeyList> {
  const keys = step(await readKeyFile(path));
  const text = `${keys.map((key) => key.toString('base64')).join('\n')}\n`;
  const changed = parseKeys(path, text);
  const draft = `${path}.${randomUUID()}`;
  try {
    const { mode, uid, gid } = await stat(path);
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    if (process.getuid?.() === 0) await chown(draft, uid, gid);
    await chmod(draft, mode & 0o777);
    await rename(draft, path);
  } catch (error) {
    throw fault(path, `can't be written (${(error as NodeJS.ErrnoException).code})`);
  } finally {
    await rm(draft, { force: true });
  }
  return changed;
}

/** @throws {ConfigError} */
export async function readKeyFile(path: string): Promise<KeyList> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw fault(path, `can't be read (${error.code})`);
  });
  return parseKeys(path, text);
}

function parseKeys(path: string, text: string): KeyList {
  const { success, data, error } = configFields.keys256.safeParse(text);
  if (!success) throw fault(path, error.issues[0]?.message ?? 'has another form');
  return data;
}

function fault(path: string, text: string): ConfigError {
  return new ConfigError([`${path}: ${text}`]);
}
