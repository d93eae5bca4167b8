import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type PlatformProcess = {
  env: Record<string, string>;
  portBase: number;
  pid: number;
  stop(): Promise<void>;
};

/** The whole platform in a process of its own, on a fresh database with the development seed. */
export async function startPlatformProcess(
  auth: object,
  settings: Record<string, string> = {},
): Promise<PlatformProcess> {
  const home = await mkdtemp(join(tmpdir(), 'signet-bench-'));
  await chmod(home, 0o711); // As root, the server runs as another user, who must pass through.
  const portBase = 30_000 + Math.floor(Math.random() * 800) * 30;
  const env = { PORT_BASE: String(portBase), SIGNET_HOME: home, ...settings };
  const script = join(import.meta.dirname, 'platform-process.ts');
  const child = spawn(process.execPath, [script, JSON.stringify(auth)], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(home, { recursive: true, force: true });
  };
  const isReady = new Promise<boolean>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => chunk.includes('is ready') && resolve(true));
    void exited.then(() => resolve(false));
  });
  if (!(await isReady)) {
    await rm(home, { recursive: true, force: true });
    throw new Error('the platform did not start');
  }
  return { env, portBase, pid: child.pid as number, stop };
}
