import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../compose-file.test-support.ts';

const run = promisify(execFile);

type Release = { version: string; commit: string };
/** The release that is in use while this version is rolled out. CONTRIBUTING.md says who moves it, and when. */
export const previousRelease: Release = JSON.parse(
  readFileSync(join(import.meta.dirname, 'previous-release.json'), 'utf8'),
);

export type Checkout = { path: string; remove(): Promise<void> };

/**
 * Its sources in a temporary folder, with the packages that its lockfile names: links to the installed ones where these are the same, else
 * installed anew. Undefined where this repository has no such commit and cannot fetch it: a copy without git, or without its history.
 */
export async function checkOutPreviousRelease(): Promise<Checkout | undefined> {
  if (!(await hasCommit()) && !(await fetchCommit())) return undefined;
  const path = await mkdtemp(join(tmpdir(), 'signet-previous-'));
  const remove = () => rm(path, { recursive: true, force: true });
  try {
    await unpackCommit(path);
    if (areInstalled(path)) await linkPackages(path);
    else await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: path });
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function hasCommit(): Promise<boolean> {
  return succeeds('cat-file', '-e', `${previousRelease.commit}^{commit}`);
}

/** A clone of depth 1, as CI services make it, can ask for it. */
function fetchCommit(): Promise<boolean> {
  return succeeds('fetch', '--quiet', '--depth=1', 'origin', previousRelease.commit);
}

async function succeeds(...args: string[]): Promise<boolean> {
  return run('git', args, { cwd: root, timeout: 60_000 }).then(
    () => true,
    () => false,
  );
}

async function unpackCommit(path: string): Promise<void> {
  const archive = spawn('git', ['archive', previousRelease.commit], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const tar = spawn('tar', ['-x', '-C', path], { stdio: ['pipe', 'inherit', 'inherit'] });
  archive.stdout.pipe(tar.stdin);
  const codes = await Promise.all([archive, tar].map(async (child) => (await once(child, 'close'))[0]));
  if (codes.some((code) => code !== 0)) throw new Error(`git archive ${previousRelease.commit} failed`);
}

type Packages = Record<string, { version?: string; dev?: boolean; optional?: boolean; link?: boolean }>;

/** Whether every package that the release runs with is installed here in its version. */
function areInstalled(path: string): boolean {
  const read = (folder: string, file: string) =>
    JSON.parse(readFileSync(join(folder, file), 'utf8')).packages as Packages;
  const installed = read(root, 'node_modules/.package-lock.json');
  return Object.entries(read(path, 'package-lock.json')).every(
    ([place, { version, dev, optional, link }]) => {
      const isNeeded = place.includes('node_modules/') && !dev && !optional && !link;
      return !isNeeded || installed[place]?.version === version;
    },
  );
}

/** Ours are relative links to the workspaces, so the same links lead into the checkout. */
async function linkPackages(path: string): Promise<void> {
  const ours = join('node_modules', '@signet');
  await mkdir(join(path, ours), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@signet') await symlink(join(root, 'node_modules', name), join(path, 'node_modules', name));
  }
  for (const name of await readdir(join(root, ours))) {
    await symlink(await readlink(join(root, ours, name)), join(path, ours, name));
  }
  // Packages that a workspace has in a version of its own.
  for (const workspace of await readdir(path)) {
    const nested = join(workspace, 'node_modules');
    if (existsSync(join(root, nested))) await symlink(join(root, nested), join(path, nested));
  }
}
