import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';

/*
 * Imports nothing of the gateway: `main.ts` starts the first worker before it loads the rest, since both take as long.
 */

/**
 * Schemas, planners and the largest honest operation take some 80 MB. Beyond this limit the worker ends, and nothing
 * else does.
 */
export const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 12 };

/** What a worker gets at its start. A thread has no compile cache unless it opens one. */
export type WorkerStart = { compileCache: string | undefined };

export type StartedWorker = {
  worker: Worker;
  /** Resolves when it waits for its first message. It never does where it ends before. */
  started: Promise<void>;
};

/** Starts a thread that plans. It does not keep the process alive. */
export function startPlanningWorker(
  entry = new URL('./planning-worker.mjs', import.meta.url),
): StartedWorker {
  const versioned = getCompileCacheDir();
  const workerData: WorkerStart = { compileCache: versioned && dirname(versioned) };
  // Given for the process, V8's flag would go before the limit of the worker. It is read where a heap is set up: the process keeps its own.
  v8.setFlagsFromString('--max-semi-space-size=0');
  const worker = new Worker(entry, { resourceLimits, stdin: false, name: 'planning', workerData });
  const started = new Promise<void>((resolve) => worker.once('message', () => resolve()));
  // A listener of messages that is added later would undo this.
  worker.unref();
  return { worker, started };
}
