import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readProcessTree, readThreadSeconds } from './process-cpu.ts';

test.runIf(process.platform === 'linux')(
  'counts the CPU and memory of what a process has started',
  async () => {
    // By CPU time: on a busy machine it gets little in any time.
    const work = 'while (process.cpuUsage().user < 300_000); console.log(1); setInterval(() => {}, 1000)';
    // The shell itself does nothing.
    const shell = spawn('sh', ['-c', `"${process.execPath}" -e "${work}"; true`], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    try {
      await once(shell.stdout, 'data');
      const { cpuSeconds, residentMb } = readProcessTree(shell.pid as number);
      expect(cpuSeconds).toBeGreaterThan(0.1);
      expect(residentMb).toBeGreaterThan(20);
    } finally {
      process.kill(-(shell.pid as number), 'SIGKILL');
    }
  },
);

test.runIf(process.platform === 'linux')('counts the CPU of the threads of a process finely', () => {
  const before = readThreadSeconds(process.pid);
  const begun = process.threadCpuUsage().user;
  while (process.threadCpuUsage().user - begun < 50_000);
  const used = readThreadSeconds(process.pid) - before;
  expect(used).toBeGreaterThan(0.045);
});
