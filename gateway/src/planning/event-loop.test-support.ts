import { setImmediate as yieldToOthers } from 'node:timers/promises';

/** How long something kept this thread from everything else, in milliseconds. */
export type Block = {
  /** Of the processor, by this thread: other processes on the machine do not count. */
  cpuMs: number;
  wallMs: number;
};

/** The longest time between two turns of the event loop while `task` runs. */
export async function measureLongestBlock(task: () => Promise<unknown>): Promise<Block> {
  const longest: Block = { cpuMs: 0, wallMs: 0 };
  let isOver = false;
  const watch = async () => {
    let cpu = cpuMilliseconds();
    let wall = performance.now();
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      const [cpuNow, wallNow] = [cpuMilliseconds(), performance.now()];
      longest.cpuMs = Math.max(longest.cpuMs, cpuNow - cpu);
      longest.wallMs = Math.max(longest.wallMs, wallNow - wall);
      [cpu, wall] = [cpuNow, wallNow];
    }
  };
  const watching = watch();
  await yieldToOthers();
  try {
    await task();
  } finally {
    isOver = true;
    await watching;
  }
  return longest;
}

function cpuMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
