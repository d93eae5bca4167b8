import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

export type RepositoryCopy = {
  path: string;
  /** Runs a program in the copy. Rejects with what it printed where it fails. */
  run(program: string, ...args: string[]): Promise<string>;
  /** The same with further variables. */
  runWith(variables: Record<string, string>, program: string, ...args: string[]): Promise<string>;
  remove(): void;
};

/**
 * A copy of this repository as it is now, uncommitted changes included, with a commit of its own. Packages of others are links to
 * the ones here; our own lead into the copy.
 */
export async function copyRepository(): Promise<RepositoryCopy> {
  const path = mkdtempSync(join(tmpdir(), 'signet-copy-'));
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    maxBuffer: 16 * 1024 * 1024,
  });
  // A file that was deleted and not yet committed is listed, too.
  for (const file of stdout.split('\0').filter((name) => name && existsSync(join(root, name)))) {
    mkdirSync(join(path, dirname(file)), { recursive: true });
    cpSync(join(root, file), join(path, file), { force: true });
  }
  linkPackages(path);
  const copy: RepositoryCopy = {
    path,
    run: (program, ...args) => copy.runWith({}, program, ...args),
    async runWith(variables, program, ...args) {
      // NODE_ENV and the like of the runner would change what the tools do.
      const { PATH, HOME, CI, NODE_COMPILE_CACHE } = process.env;
      const env = { PATH, HOME, CI, NODE_COMPILE_CACHE, ...variables };
      return await run(program, args, { cwd: path, env, maxBuffer: 64 * 1024 * 1024 }).then(
        (result) => result.stdout,
        (error: { stdout: string; stderr: string }) => {
          throw new Error(`${program} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
        },
      );
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  await copy.run('git', 'init', '-q');
  await copy.run('git', 'add', '-A');
  await copy.run('git', ...author, 'commit', '-qm', 'copy');
  return copy;
}

/** `node_modules/@signet/*` are relative links to the workspaces, so the same links lead into the copy. */
function linkPackages(path: string): void {
  const from = join(root, 'node_modules');
  linkEntries(from, join(path, 'node_modules'));
  const own = join(path, 'node_modules/@signet');
  mkdirSync(own);
  for (const name of readdirSync(join(from, '@signet'))) {
    const link = readlinkSync(join(from, '@signet', name));
    symlinkSync(link, join(own, name));
    // A workspace has packages of its own where it needs another version than the rest.
    const nested = join(from, '@signet', link, 'node_modules');
    if (existsSync(nested)) linkEntries(nested, join(own, link, 'node_modules'));
  }
}

function linkEntries(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((entry) => entry !== '@signet')) {
    symlinkSync(join(from, name), join(to, name));
  }
}
