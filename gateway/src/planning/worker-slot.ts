import { Worker } from 'node:worker_threads';
import type { Logger } from '@signet/service';
import type { PlannedSchema, PlanningJob, PlanningResult } from './planner.ts';
import type { MessageFromWorker, MessageToWorker } from './planning-worker.ts';

/** `stopped`: the operation took longer than the deadline. `died`: it took the worker with it, such as by filling its memory. */
export type WorkerOutcome = PlanningResult | { kind: 'stopped' } | { kind: 'died' };

export type WorkerSlotOptions = {
  logger: Logger;
  schemas: readonly PlannedSchema[];
  deadlineMs: number;
  /** The place where a worker starts. */
  entry: URL;
  /** Called when a worker has become free. */
  onIdle(): void;
};

/** A place for one worker: a new one takes it when the old one was stopped or died. */
export type WorkerSlot = {
  readonly isIdle: boolean;
  /** Only while idle. */
  run(job: PlanningJob): Promise<WorkerOutcome>;
  /** Loads a further schema when the worker is free. */
  load(schema: PlannedSchema): void;
  stop(): Promise<void>;
};

/** Schemas, planners and what the largest honest operation takes are some 80 MB. Beyond this the worker ends, alone. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };
/** Further deadlines for a worker that a busy machine kept from its work: that is no fault of its operation. */
const starvedDeadlines = 2;
/** Before the next, where one ended without an operation to blame: it may be for good. */
const restartPauseMs = 1000;

export function openWorkerSlot(options: WorkerSlotOptions): WorkerSlot {
  const { logger, schemas, deadlineMs, entry, onIdle } = options;
  let worker: Worker | undefined;
  let isStopped = false;
  let unloaded: PlannedSchema[] = [];
  /** Set while the worker is busy: what its next message, or its end, is the answer to. */
  let waiting: ((outcome: WorkerOutcome) => void) | 'start' | undefined = 'start';

  const settle = (outcome: WorkerOutcome) => {
    const resolve = waiting;
    waiting = 'start';
    if (typeof resolve === 'function') resolve(outcome);
  };
  const send = (message: MessageToWorker) => worker?.postMessage(message);
  const loadNext = () => {
    const schema = unloaded.shift();
    if (schema) {
      waiting = 'start';
      send({ schema });
    } else {
      waiting = undefined;
      onIdle();
    }
  };
  const start = () => {
    if (isStopped) return;
    unloaded = [...schemas];
    waiting = 'start';
    const started = new Worker(entry, { resourceLimits, stdin: false, name: 'planning' });
    worker = started;
    started.on('message', (message: MessageFromWorker) => {
      // What a stopped one still had to say is nobody's answer.
      if (worker !== started) return;
      if (message.kind !== 'ready') settle(message);
      loadNext();
    });
    started.on('error', (error) => logger.error({ err: error }, 'a planning worker failed'));
    started.once('exit', () => {
      if (worker !== started) return;
      worker = undefined;
      const restartMs = typeof waiting === 'function' ? 0 : restartPauseMs;
      settle({ kind: 'died' });
      setTimeout(start, restartMs).unref();
    });
    // It alone keeps no process alive. Listening for messages would undo this.
    started.unref();
  };
  const replace = async () => {
    const old = worker;
    worker = undefined;
    settle({ kind: 'stopped' });
    await old?.terminate();
    start();
  };
  start();
  return {
    get isIdle() {
      return waiting === undefined;
    },
    run(job) {
      const { promise, resolve } = Promise.withResolvers<WorkerOutcome>();
      const used = worker?.cpuUsage();
      const endAfter = (ms: number, end: () => void) => {
        timer = setTimeout(end, ms);
      };
      let timer: NodeJS.Timeout;
      endAfter(deadlineMs, async () => {
        const isStarved = (await cpuMsSince(worker, used)) < deadlineMs / 2;
        // It may have answered meanwhile, and have another job by now.
        if (waiting !== answer) return;
        if (isStarved) endAfter(deadlineMs * starvedDeadlines, replace);
        else void replace();
      });
      const answer = (outcome: WorkerOutcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      waiting = answer;
      send({ job });
      return promise;
    },
    load(schema) {
      unloaded.push(schema);
      if (waiting === undefined) loadNext();
    },
    async stop() {
      isStopped = true;
      const old = worker;
      worker = undefined;
      settle({ kind: 'died' });
      await old?.terminate();
    },
  };
}

/** What a thread has worked since, in milliseconds; all that can be if it does not say. */
async function cpuMsSince(
  worker: Worker | undefined,
  before: Promise<NodeJS.CpuUsage> | undefined,
): Promise<number> {
  try {
    const { user, system } = (await worker?.cpuUsage(await before)) ?? { user: Infinity, system: 0 };
    return (user + system) / 1000;
  } catch {
    return Infinity;
  }
}
