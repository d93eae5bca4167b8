import { once } from 'node:events';
import { join } from 'node:path';
import type { LoadOrder, LoadResult } from './load.ts';
import { startPinned } from './pinned-process.ts';

export type LoadClient = { run(order: LoadOrder): Promise<LoadResult>; stop(): Promise<void> };

/** The process that sends the load, on the core of the subgraphs. */
export function startLoadClient(): LoadClient {
  const running = startPinned([process.execPath, join(import.meta.dirname, 'load-process.ts')], {
    core: 'other',
    ipc: true,
  });
  const ended = once(running.child, 'exit').then(() => {
    throw new Error('the process that sends the load has ended');
  });
  ended.catch(() => {});
  return {
    async run(order) {
      running.child.send(order);
      const [result] = await Promise.race([once(running.child, 'message'), ended]);
      return result as LoadResult;
    },
    stop: running.stop,
  };
}
