import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readProcessTree } from './process-cpu.ts';

test.runIf(process.platform === 'linux')(
  'counts the CPU and memory of what a process has started',
  async () => {
    const work =
      'const end = performance.now() + 300; while (performance.now() < end); console.log(1); setInterval(() => {}, 1000)';
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
