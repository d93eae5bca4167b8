import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The core of what is measured, and that of the load and of what stands behind. */
export const cores = { measured: '0', other: '1' } as const;
/** Whether each process can be held to one core: on Linux, with two cores or more. */
export const canPin = existsSync('/usr/bin/taskset') && availableParallelism() > 1;

export type PinnedProcess = { pid: number; child: ChildProcess; stop(): Promise<void> };
export type ProcessOptions = {
  /** `any`: where the system puts it. */
  core: keyof typeof cores | 'any';
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** For `process.send`. */
  ipc?: boolean;
  /** Where what it writes goes to. `pipe` for a process whose output is read; a number for an open file. */
  stdout?: 'ignore' | 'pipe' | number;
};

const started = new Set<PinnedProcess>();
const stopMs = 3000;

/** Starts a program in a process group of its own, so that all that it starts can be ended with it. */
export function startPinned(
  [command = '', ...args]: readonly string[],
  { core, env = {}, cwd, ipc = false, stdout = 'ignore' }: ProcessOptions,
): PinnedProcess {
  const pinned = canPin && core !== 'any' ? ['taskset', '-c', cores[core], command] : [command];
  const child = spawn(pinned[0] as string, [...pinned.slice(1), ...args], {
    ...(cwd && { cwd }),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['pipe', stdout, 'inherit', ...(ipc ? ['ipc' as const] : [])],
    detached: true,
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command} can't be started`);
  const exited = once(child, 'exit');
  const running: PinnedProcess = {
    pid,
    child,
    async stop() {
      started.delete(running);
      if (child.exitCode !== null || child.signalCode !== null) return;
      signal(pid, 'SIGTERM');
      await Promise.race([exited, sleep(stopMs, undefined, { ref: false })]);
      if (child.exitCode === null && child.signalCode === null) signal(pid, 'SIGKILL');
      await exited;
    },
  };
  started.add(running);
  return running;
}

/** Ends whatever was started and still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...started].map((running) => running.stop()));
}

/** The first line that the process writes, which must be started with `stdout: 'pipe'`. */
export async function readFirstLine({ child }: PinnedProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    const end = text.indexOf('\n');
    if (end >= 0) {
      child.stdout?.resume();
      return text.slice(0, end);
    }
  }
  throw new Error('a process ended before it was ready');
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // It has ended.
  }
}
