import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { run } from './run-command.test-support.ts';

const root = join(import.meta.dirname, '../..');
const signet = join(root, 'cli/bin/signet.mjs');
const commands = [
  'start',
  'dev',
  'compose',
  'types',
  'access',
  'lint',
  'db',
  'backup',
  'restore',
  'keys',
  'audit',
  'mail',
  'usage',
  'accounts',
  'doctor',
  'smoke',
  'conformance',
  'attack',
  'new',
  'remove-shop',
];

describe('signet', () => {
  it('lists every command', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect([...out.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name)).toEqual([...commands, 'help']);
  });

  it.each(commands)('%s --help says what it does, with an example', async (name) => {
    const { code, out, err } = await run([name, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^Usage: signet ${name} [\\s\\S]+\\nExample:\\n {2}\\$ \\S`));
    expect((await run(['help', name])).out).toBe(out);
  });

  it.each(['db', 'keys', 'keys proof', 'audit', 'mail', 'accounts', 'new'])(
    'every command of %s has an example',
    async (group) => {
      const { out } = await run([...group.split(' '), '--help']);
      const names = [...out.slice(out.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+) /gm)].flatMap(
        ([, name]) => (name && name !== 'help' ? [name] : []),
      );
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) {
        const help = await run([...group.split(' '), name, '--help']);
        expect([name, help.out]).toEqual([name, expect.stringMatching(/\nExample:\n {2}\$ \S/)]);
      }
    },
  );

  it.each([
    ['strat', "Unknown command 'strat'. Did you mean start? See: signet --help\n"],
    ['nonsense', "Unknown command 'nonsense'. See: signet --help\n"],
    ['--verbos', "Unknown option '--verbos'. See: signet --help\n"],
    ['compose --chek', "Unknown option '--chek'. Did you mean --check? See: signet compose --help\n"],
    [
      'compose --only nobody',
      expect.stringMatching(/^Option '--only <subgraph>' argument 'nobody' is invalid\./),
    ],
    ['attack', "Missing required argument 'url'. See: signet attack --help\n"],
    ['attack localhost', "'localhost' is not a URL. See: signet attack --help\n"],
    ['new subgraf reviews', "Unknown command 'subgraf'. Did you mean subgraph? See: signet new --help\n"],
    ['start now', expect.stringMatching(/^Too many arguments for 'start'\./)],
  ])('refuses "%s" with one line, exit 2', async (words, err) => {
    expect(await run(words)).toEqual({ code: 2, out: '', err });
    expect((await run(words)).err.trimEnd()).not.toContain('\n');
  });

  it('without a command lists them, exit 2', async () => {
    const { code, out, err } = await run('');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('start everything');
  });
});

/** Another Node stands for an old one by its version, which is all that the command looks at. */
const asOldNode = [
  '--import',
  "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})",
];

describe('signet under a Node that is too old', () => {
  it('runs under the pinned one, and ends with its exit code', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...asOldNode, signet, 'compose', '--only', 'x'],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^Option '--only/),
    });
  });

  it('passes SIGTERM on, and ends with what it started', async () => {
    // It waits for a key on standard input, which stays open.
    const child = spawn(
      process.execPath,
      [...asOldNode, signet, 'keys', 'import', '-', '--platform', 'user'],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    await expect.poll(() => childrenOf(child.pid), { timeout: 30_000 }).toHaveLength(1);
    const [grandchild] = childrenOf(child.pid);
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' });
    await output; // Both streams are closed: nobody holds them any more.
    expect(isRunning(Number(grandchild))).toBe(false);
  });

  let tree: string;
  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'signet-bin-'));
    cpSync(join(root, 'cli/bin'), join(tree, 'cli/bin'), { recursive: true });
  });
  afterEach(() => rmSync(tree, { recursive: true, force: true }));

  it('says what to do where the pinned one is not installed', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [...asOldNode, join(tree, 'cli/bin/signet.mjs'), 'start'],
      {
        encoding: 'utf8',
      },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^Signet needs Node 24\.12 or later, and this is Node 20\.20\.2\. .*run npm install again/,
    );
  });
});

test('says which package a command lacks, where an image holds only a part of the platform', () => {
  const tree = mkdtempSync(join(tmpdir(), 'signet-image-'));
  try {
    cpSync(join(root, 'cli'), join(tree, 'cli'), {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    symlinkSync(join(root, 'cli/node_modules'), join(tree, 'cli/node_modules'));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(tree, 'cli/bin/signet.mjs'), 'start'],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: "This can't run here: the package @signet/launcher is not installed.\n",
    });
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
});

function childrenOf(pid: number | undefined): string[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => line.trim() || []);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
