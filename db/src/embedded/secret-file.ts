import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainFolderError } from './errors.ts';

/** The text of a secret file (mode 0600), made at first use. Two that make it at the same time get the same text. */
export async function ensureSecretFile(path: string, create: () => string): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    return await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await writeFile(draft, create(), { mode: 0o600 });
      await chmod(draft, 0o600);
      // A link appears whole or not at all, and never replaces what is there.
      await link(draft, path).catch((failure: NodeJS.ErrnoException) => {
        if (failure.code !== 'EEXIST') throw failure;
      });
      return await readFile(path, 'utf8');
    });
  } catch (error) {
    throw explainFolderError(error, dirname(path));
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}
