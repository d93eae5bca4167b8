import { createFairQueue } from '@signet/flow';
import type { Logger } from '@signet/service';
import { LRUCache } from 'lru-cache';
import type { PlannedSchema, PlanningJob } from './planner.ts';
import { resourceLimits, type StartedWorker } from './start-worker.ts';
import { openWorkerSlot, type WorkerOutcome, type WorkerSlot } from './worker-slot.ts';

export type PlanningPoolOptions = {
  logger: Logger;
  /** How long a worker may validate and plan one operation. */
  deadlineMs: number;
  maxWorkers?: number;
  maxQueueLength?: number;
  /** How long an operation may wait for its turn. */
  maxWaitMs?: number;
  /** How long a worker stays without work. It takes some 30 to 50 MB. */
  idleMs?: number;
  entry?: URL;
  /** A worker that was started already, to be the first. */
  early?: StartedWorker | undefined;
};

/** `no-room`: too many others wait, or this operation has waited too long. */
export type PlanningOutcome = WorkerOutcome | { kind: 'no-room' };

export type PlanningPool = {
  /**
   * Adds a schema to all workers, present and future. Resolves when one has loaded it, or when the pool is stopped.
   *
   * @throws {UnusableSchemaError} when it cannot be loaded. Then it is removed.
   */
  add(schema: PlannedSchema): Promise<void>;
  /** Removes a schema. No operation of it may be under way. */
  remove(schema: PlannedSchema): void;
  run(job: PlanningJob, caller: string): Promise<PlanningOutcome>;
  /** Resolves when a worker has loaded all added schemas, or there is no need of one, or when the pool is stopped. */
  ready(): Promise<void>;
  /** Why no operation can be planned that is not known yet, or undefined. */
  findLack(): string | undefined;
  /** How many workers there are. None where there was no work for a while: the next operation starts one. */
  readonly size: number;
  /** How many operations wait for a worker. */
  readonly queueLength: number;
  stop(): Promise<void>;
};

/** A schema that is no supergraph, or one that the planner does not take. */
export class UnusableSchemaError extends Error {
  override readonly name = 'UnusableSchemaError';
}

type Waiting = {
  job: PlanningJob;
  /** For as long as it waits: its end, and the start of another worker. */
  timers: NodeJS.Timeout[];
  settle(outcome: PlanningOutcome): void;
};

/** How long a caller whose operation killed a worker is served last, in ms. */
const suspicionMs = 60_000;
const maxSuspects = 10_000;
/** An honest operation takes some 10 ms. When somebody has waited for this time behind another caller, a second worker starts. */
const patienceMs = 100;

/**
 * How much longer an operation waits where no worker is there at all, in ms: it waits for no other operation, but for a worker that starts. That is 0.3 s
 * of CPU and some more, and takes seconds on a machine that has none to spare.
 */
const patienceForStartMs = 10_000;

const defaultMaxWorkers = 2;
const defaultIdleMs = 60_000;

/** What the workers may take beside the heap of the process, in MB. */
export const planningMemoryMb =
  defaultMaxWorkers * (resourceLimits.maxOldGenerationSizeMb + resourceLimits.maxYoungGenerationSizeMb);

/**
 * Opens a pool of at most two workers for all entrances of the process. The second one is started when somebody
 * has waited for 100 ms behind another caller. Each ends after a minute without work: a gateway that knows its operations needs none, and the
 * next operation that it does not know waits some 0.3 s for a new one. A caller has one worker at a time, and callers take turns, so that only the
 * sender of an operation that cannot be planned waits for it. A caller that has lost a worker in the last minute gets
 * one only while another is free, so that a few addresses cannot take both.
 */
export function openPlanningPool({
  logger,
  deadlineMs,
  maxWorkers = defaultMaxWorkers,
  maxQueueLength = 100,
  maxWaitMs = deadlineMs + 3000,
  idleMs = defaultIdleMs,
  entry = new URL('./planning-worker.mjs', import.meta.url),
  early,
}: PlanningPoolOptions): PlanningPool {
  const schemas: PlannedSchema[] = [];
  const loading = new Map<PlannedSchema, PromiseWithResolvers<void>>();
  const queue = createFairQueue<Waiting>(maxQueueLength);
  const served = new Set<string>();
  const suspects = new LRUCache<string, true>({ max: maxSuspects, ttl: suspicionMs });
  const slots: WorkerSlot[] = [];
  const awaitingReady: (() => void)[] = [];
  const idleTimers = new Map<WorkerSlot, NodeJS.Timeout>();
  let isStopped = false;

  const isAnyIdle = () => slots.some(({ isIdle }) => isIdle);
  const remove = (schema: PlannedSchema) => {
    const index = schemas.indexOf(schema);
    if (index < 0) return;
    schemas.splice(index, 1);
    for (const slot of slots) slot.drop(schema);
  };
  const onLoaded = (schema: PlannedSchema, fault?: string) => {
    const waiting = loading.get(schema);
    loading.delete(schema);
    if (fault === undefined) return waiting?.resolve();
    // A worker that dies again and again would load nothing else.
    if (waiting) remove(schema);
    waiting?.reject(new UnusableSchemaError(fault));
  };
  const openSlot = (first?: StartedWorker) => {
    const slot = openWorkerSlot({
      logger,
      schemas,
      deadlineMs,
      entry,
      early: first,
      onIdle: assign,
      onLoaded,
    });
    slots.push(slot);
    endWhenIdle(slot);
  };
  /** Ends a worker unless it gets work within the time. */
  const endWhenIdle = (slot: WorkerSlot) => {
    clearTimeout(idleTimers.get(slot));
    if (isStopped) return;
    const end = () => {
      if (!slot.isIdle) return endWhenIdle(slot);
      idleTimers.delete(slot);
      slots.splice(slots.indexOf(slot), 1);
      void slot.stop();
    };
    idleTimers.set(slot, setTimeout(end, idleMs).unref());
  };
  const isSuspect = (caller: string) => suspects.has(caller);
  const mayHaveWorker = (caller: string) => {
    if (served.has(caller)) return false;
    // A suspect leaves a worker that is ready now to others: a stopped one takes time to start again.
    return !isSuspect(caller) || maxWorkers === 1 || slots.filter(({ isIdle }) => isIdle).length > 1;
  };
  /** Opens a second worker only where all others are busy, not just starting. */
  const openFurtherSlot = (caller: string) => {
    const isNeeded = served.size === slots.length || isSuspect(caller);
    if (!isNeeded || slots.length >= maxWorkers) return;
    openSlot();
  };
  const assign = () => {
    if (isAnyIdle()) for (const resolve of awaitingReady.splice(0)) resolve();
    for (const slot of slots) {
      const next = slot.isIdle && queue.take(mayHaveWorker);
      if (next) void serve(slot, next.caller, next.item);
    }
  };
  const serve = async (slot: WorkerSlot, caller: string, { job, timers, settle }: Waiting) => {
    for (const timer of timers) clearTimeout(timer);
    served.add(caller);
    const outcome = await slot.run(job);
    endWhenIdle(slot);
    served.delete(caller);
    if (outcome.kind === 'stopped' || outcome.kind === 'died') suspects.set(caller, true);
    settle(outcome);
    assign();
  };
  const turnAway = (waiting: Waiting | undefined) => {
    for (const timer of waiting?.timers ?? []) clearTimeout(timer);
    waiting?.settle({ kind: 'no-room' });
  };
  openSlot(early);
  return {
    add(schema) {
      if (isStopped) return Promise.resolve();
      const added = Promise.withResolvers<void>();
      loading.set(schema, added);
      schemas.push(schema);
      if (slots.length === 0) openSlot();
      else for (const slot of slots) slot.load(schema);
      return added.promise;
    },
    remove,
    run(job, caller) {
      const { promise, resolve } = Promise.withResolvers<PlanningOutcome>();
      if (isStopped) {
        return Promise.resolve({ kind: 'no-room' });
      }
      let hasWaitedForStart = false;
      const leave = () => {
        if (!hasWaitedForStart && !slots.some(({ isLoaded }) => isLoaded)) {
          hasWaitedForStart = true;
          waiting.timers.push(setTimeout(leave, patienceForStartMs));
          return;
        }
        queue.remove(caller, waiting);
        turnAway(waiting);
      };
      const waiting: Waiting = {
        job,
        timers: [
          setTimeout(leave, maxWaitMs),
          // Again and again: the first worker may be starting anew.
          setInterval(() => {
            if (!served.has(caller)) openFurtherSlot(caller);
          }, patienceMs),
        ],
        settle: resolve,
      };
      turnAway(queue.push(caller, waiting));
      if (slots.length === 0) openSlot();
      assign();
      return promise;
    },
    ready: () =>
      new Promise((resolve) => {
        if (slots.length === 0 || isAnyIdle()) resolve();
        else awaitingReady.push(resolve);
      }),
    findLack: () =>
      slots.length === 0 || slots.some(({ isLoaded }) => isLoaded)
        ? undefined
        : 'no planning worker is ready, so operations that are not known yet are refused or wait',
    get size() {
      return slots.length;
    },
    get queueLength() {
      return queue.length;
    },
    async stop() {
      isStopped = true;
      for (const timer of idleTimers.values()) clearTimeout(timer);
      for (const resolve of awaitingReady.splice(0)) resolve();
      for (const { resolve } of loading.values()) resolve();
      for (let next = queue.take(() => true); next; next = queue.take(() => true)) {
        turnAway(next.item);
      }
      await Promise.all(slots.map((slot) => slot.stop()));
    },
  };
}
