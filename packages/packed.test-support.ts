import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { root } from './build/manifest.ts';

const run = promisify(execFile);

/** A tarball, and the API report that it was packed with. */
export type Packed = { tarball: string; report: string };

/**
 * Packs every package, once a run: whichever test file asks first does it, the others wait.
 *
 * @returns tarballs and reports by folder: `session`, `gateway`.
 * @throws {Error} with what `npm run pack` printed.
 */
export async function packOnce(): Promise<Readonly<Record<string, Packed>>> {
  const folder = join(dirname(inject('proofFolder')), 'packed');
  const [done, failed] = [join(folder, 'done'), join(folder, 'failed')];
  if (claim(folder)) {
    try {
      await run(process.execPath, [join(root, 'packages/pack.ts'), '--output', folder], { cwd: root });
      writeFileSync(done, '');
    } catch (error) {
      writeFileSync(failed, (error as { stderr?: string }).stderr || String(error));
    }
  }
  while (!existsSync(done)) {
    if (existsSync(failed)) throw new Error(`npm run pack failed:\n${readFileSync(failed, 'utf8')}`);
    await sleep(100);
  }
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  return Object.fromEntries(
    tarballs.map((name) => {
      const tarball = join(folder, name);
      const packed = { tarball, report: readFileSync(`${tarball}.api.md`, 'utf8') };
      return [name.replace(/^signet-|-\d.*$/g, ''), packed];
    }),
  );
}

/** Whether this is the first to ask: the folder can be made only once. */
function claim(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Another team's project, outside this repository. */
export type StrangersProject = {
  folder: string;
  /** Runs a Node program to its end. @throws {Error} with its output, for another exit code than 0. */
  node(...args: string[]): Promise<string>;
  /** Starts a Node program. It ends with the project. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Writes a program that serves HTTP on `port` on another, free one, starts it and waits until it answers. @returns its URL. */
  serve(name: string, program: string, port: number): Promise<string>;
  /** Checks the types of all files: strict, the declarations of libraries too. @throws {Error} with the compiler's messages. */
  checkTypes(): Promise<void>;
  remove(): Promise<void>;
};

type ProjectOptions = {
  /** Folders of the packages that it installs. */
  packages: readonly string[];
  /** What it installs from npm beside them, with versions: `graphql@16.15.0`. */
  dependencies?: readonly string[];
  files: Readonly<Record<string, string>>;
};

const compilerOptions = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
};

/** Makes a project in a temporary folder and installs packed packages there, as npm does for anybody. */
export async function createStrangersProject(options: ProjectOptions): Promise<StrangersProject> {
  const packed = await packOnce();
  const folder = mkdtempSync(join(tmpdir(), 'signet-stranger-'));
  const started: ChildProcess[] = [];
  // What this run's processes share (a compile cache, npm's own settings) is none of a stranger's. Whom the machine trusts is: without
  // it, npm cannot reach a registry behind a private authority.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config_)|NODE_(?!EXTRA_CA_CERTS)|VITEST|TEST$|VITE_)/.test(name),
    ),
  );
  const node = async (...args: string[]) => {
    const { stdout } = await run(process.execPath, args, { cwd: folder, env });
    return stdout;
  };
  const manifest = { name: 'stranger', private: true, type: 'module' };
  const files = {
    'package.json': JSON.stringify(manifest),
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
    ...options.files,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const remove = async () => {
    const running = started.filter((child) => child.exitCode === null && child.signalCode === null);
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(running.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const tarballs = options.packages.map((name) => packed[name]?.tarball ?? `no package ${name}`);
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    await run('npm', ['install', ...flags, ...tarballs, ...(options.dependencies ?? [])], {
      cwd: folder,
      env,
    });
  } catch (error) {
    await remove();
    throw error;
  }
  const start: StrangersProject['start'] = (args, more = {}) => {
    const child = spawn(process.execPath, args, { cwd: folder, env: { ...env, ...more }, stdio: 'pipe' });
    started.push(child);
    return child;
  };
  return {
    folder,
    node,
    start,
    async serve(name, program, port) {
      const free = await findFreePort();
      writeFileSync(join(folder, name), program.replaceAll(String(port), String(free)));
      const child = start([name]);
      await waitUntilListening(child, free);
      return `http://127.0.0.1:${free}`;
    },
    async checkTypes() {
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      await node(tsc, '-p', 'tsconfig.json').catch((error: { stdout?: string }) => {
        throw new Error(`The types do not fit:\n${error.stdout}`);
      });
    },
    remove,
  };
}

/** A port that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** @throws {Error} with what the process wrote, if it ends before. */
export async function waitUntilListening(child: ChildProcess, port: number): Promise<void> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text));
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`The program ended:\n${output}`);
}

/** The first block of a language in a page: `ts` in a README. @throws {Error} if there is none. */
export function readCodeBlock(page: string, language = 'ts'): string {
  const [, code] = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page) ?? [];
  if (code === undefined) throw new Error(`The page has no block of ${language}.`);
  return code;
}
