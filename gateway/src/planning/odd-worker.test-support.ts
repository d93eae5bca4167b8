import { parentPort } from 'node:worker_threads';
import type { MessageFromWorker, MessageToWorker } from './planning-worker.ts';

// Stands in for the planner: the source says what is to become of the worker.
const sources: Record<string, () => unknown> = {
  hang: () => {
    for (;;);
  },
  starve() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
    tell({ kind: 'planned', plan: '""', documentSize: 1 });
  },
  exit: () => process.exit(3),
  throw: () =>
    setImmediate(() => {
      throw new Error('thrown outside of any job');
    }),
  eat: () => {
    const eaten: number[][] = [];
    for (;;) eaten.push(new Array(100_000).fill(eaten.length));
  },
};

const tell = (message: MessageFromWorker) => parentPort?.postMessage(message);
parentPort?.on('message', (message: MessageToWorker) => {
  if ('schema' in message) {
    // It takes as many milliseconds to load.
    setTimeout(() => tell({ kind: 'ready' }), Number(message.schema.supergraphSdl));
    return;
  }
  if ('drop' in message) return;
  const { source } = message.job;
  const odd = sources[source.split(' ', 1)[0] ?? ''];
  if (odd) odd();
  else setTimeout(() => tell({ kind: 'planned', plan: `"${source}"`, documentSize: 1 }), Number(source));
});
tell({ kind: 'started' });
