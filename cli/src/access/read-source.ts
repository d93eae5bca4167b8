import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Far larger than any real supergraph. */
const maxBytes = 32 * 2 ** 20;

/**
 * Reads a text from a file, or from a commit: `git:<ref>:<path>`, the path from the root of the repository as `git show` takes it.
 * `git:<ref>` means the same file as `beside`.
 *
 * @throws {Error} that says what cannot be read
 */
export async function readSource(source: string, beside: string): Promise<string> {
  const [, ref, path] = /^git:([^:]*)(?::(.*))?$/.exec(source) ?? [];
  const bytes = ref === undefined ? await readBytes(source) : await readCommitted(source, ref, path, beside);
  if (bytes.length > maxBytes) throw new Error(`${source} has more than ${maxBytes} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${source} is not UTF-8`);
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function readCommitted(
  source: string,
  ref: string,
  path: string | undefined,
  beside: string,
): Promise<Buffer> {
  if (ref === '') throw new Error(`${source} names no commit: git:<ref> or git:<ref>:<path>`);
  const [folder, object] =
    path === undefined ? [dirname(beside), `${ref}:./${basename(beside)}`] : ['.', `${ref}:${path}`];
  try {
    const { stdout } = await run('git', ['-C', folder, 'show', '--end-of-options', object], {
      encoding: 'buffer',
      maxBuffer: 2 * maxBytes,
    });
    return stdout;
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? (error as Error).message).trim();
    throw new Error(`${source} cannot be read: ${said.split('\n')[0]}`);
  }
}
