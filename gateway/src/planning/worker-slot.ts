import type { Worker } from 'node:worker_threads';
import type { Logger } from '@signet/service';
import type { PlannedSchema, PlanningJob, PlanningResult } from './planner.ts';
import type { MessageFromWorker, MessageToWorker } from './planning-worker.ts';
import { type StartedWorker, startPlanningWorker } from './start-worker.ts';

/**
 * `stopped`: the operation took longer than the deadline. `died`: the worker ended with the operation, such as by
 * filling its memory.
 */
export type WorkerOutcome = PlanningResult | { kind: 'stopped' } | { kind: 'died' };

export type WorkerSlotOptions = {
  logger: Logger;
  schemas: readonly PlannedSchema[];
  deadlineMs: number;
  /** The module that a worker starts with. */
  entry: URL;
  /** A worker that was started before the slot, to be its first. */
  early?: StartedWorker | undefined;
  /** Called when the worker becomes free. */
  onIdle(): void;
  /** Called when the worker has loaded the schema, or with the fault for which it cannot. */
  onLoaded(schema: PlannedSchema, fault?: string): void;
};

/** A slot for one worker. A new worker takes it when the old one was stopped or died. */
export type WorkerSlot = {
  readonly isIdle: boolean;
  /** Whether its worker has loaded all schemas. It may be busy. */
  readonly isLoaded: boolean;
  /** May be called only while the slot is idle. */
  run(job: PlanningJob): Promise<WorkerOutcome>;
  /** Loads another schema when the worker is free. */
  load(schema: PlannedSchema): void;
  /** Has the worker forget a schema. No job for it may follow. */
  drop(schema: PlannedSchema): void;
  stop(): Promise<void>;
};

/** Additional deadlines for a worker that a busy machine kept from running: its operation did nothing wrong. */
const starvedDeadlines = 2;
/** The pause before the next start where a worker ended without an operation: the cause may stay. */
const restartPauseMs = 1000;

export function openWorkerSlot(options: WorkerSlotOptions): WorkerSlot {
  const { logger, schemas, deadlineMs, entry, early, onIdle, onLoaded } = options;
  let worker: Worker | undefined;
  let isStopped = false;
  let unloaded: PlannedSchema[] = [];
  let loading: PlannedSchema | undefined;
  /** Set while the worker is busy: its next message, or its end, settles this. */
  let waiting: ((outcome: WorkerOutcome) => void) | 'start' | undefined = 'start';

  const settle = (outcome: WorkerOutcome) => {
    const resolve = waiting;
    waiting = 'start';
    if (typeof resolve === 'function') resolve(outcome);
  };
  const send = (message: MessageToWorker) => worker?.postMessage(message);
  const endLoading = (fault?: string) => {
    const schema = loading;
    loading = undefined;
    if (schema) onLoaded(schema, fault);
  };
  const loadNext = () => {
    loading = unloaded.shift();
    if (loading) {
      waiting = 'start';
      send({ schema: loading });
    } else {
      waiting = undefined;
      onIdle();
    }
  };
  const start = (given?: StartedWorker) => {
    if (isStopped) return;
    const { worker: next, started } = given ?? startPlanningWorker(entry);
    unloaded = [...schemas];
    waiting = 'start';
    worker = next;
    const listen = () => {
      // A message from a stopped worker answers nothing.
      if (worker !== next) return;
      next.on('message', (message: MessageFromWorker) => {
        if (worker !== next) return;
        if (message.kind === 'ready') endLoading();
        else if (message.kind === 'unusable') endLoading(message.message);
        else if (message.kind !== 'started') settle(message);
        loadNext();
      });
      next.unref();
      loadNext();
    };
    void started.then(listen);
    next.on('error', (error) => logger.error({ err: error }, 'a planning worker failed'));
    next.once('exit', () => {
      if (worker !== next) return;
      worker = undefined;
      const restartMs = typeof waiting === 'function' ? 0 : restartPauseMs;
      endLoading('a planning worker ended while it loaded the supergraph');
      settle({ kind: 'died' });
      setTimeout(() => start(), restartMs).unref();
    });
  };
  const replace = async () => {
    const old = worker;
    worker = undefined;
    settle({ kind: 'stopped' });
    await old?.terminate();
    start();
  };
  // One that has ended meanwhile tells nobody.
  start(early && early.worker.threadId > 0 ? early : undefined);
  return {
    get isIdle() {
      return waiting === undefined;
    },
    get isLoaded() {
      return worker !== undefined && waiting !== 'start';
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
        // The worker may have answered meanwhile and have another job by now.
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
    drop(schema) {
      unloaded = unloaded.filter((other) => other !== schema);
      send({ drop: schema.name });
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

/** The CPU time of a thread since `before`, in milliseconds. Infinity if it cannot be read. */
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
