import { flushCompileCache } from 'node:module';
import { parentPort } from 'node:worker_threads';
import {
  createPlanner,
  type PlannedSchema,
  type Planner,
  type PlanningJob,
  type PlanningResult,
} from './planner.ts';
import { warmUp } from './warm-up.ts';

/** Messages come one at a time: the next follows the answer to the one before. `drop`, the name of a schema, gets no answer. */
export type MessageToWorker = { schema: PlannedSchema } | { job: PlanningJob } | { drop: string };
/** `unusable`: the schema that came last is no supergraph that can be planned for. */
export type MessageFromWorker =
  | { kind: 'started' }
  | { kind: 'ready' }
  | { kind: 'unusable'; message: string }
  | PlanningResult;

const port = parentPort;
if (!port) {
  throw new Error('This file is the start of a worker thread, not of a process.');
}

const planners = new Map<string, Planner>();

port.on('message', (message: MessageToWorker) => {
  if ('schema' in message) {
    port.postMessage(load(message.schema));
    // What was compiled until now is nearly all that there is. A worker may be ended at any time.
    flushCompileCache();
  } else if ('drop' in message) {
    planners.delete(message.drop);
  } else {
    port.postMessage(run(message.job) satisfies MessageFromWorker);
  }
});
port.postMessage({ kind: 'started' } satisfies MessageFromWorker);
warmUp(createPlanner);

function load(schema: PlannedSchema): MessageFromWorker {
  try {
    planners.set(schema.name, createWarmPlanner(schema));
    return { kind: 'ready' };
  } catch (error) {
    return { kind: 'unusable', message: error instanceof Error ? error.message : String(error) };
  }
}

/** The first plan of a planner takes several times as long as the next, so one is made in advance. */
function createWarmPlanner(schema: PlannedSchema): Planner {
  const planner = createPlanner(schema);
  planner({ source: '{ __typename }', operationName: undefined });
  return planner;
}

function run(job: PlanningJob): PlanningResult {
  const planner = planners.get(job.schema);
  try {
    return planner?.(job) ?? { kind: 'failed', message: `no schema '${job.schema}' was loaded` };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The planner has limits of its own and throws plain errors when they are exceeded, as the stack does.
    const isTooLarge =
      error instanceof RangeError || /\bexceed(?:s|ed)\b.*\b(?:limit|maximum)\b/i.test(message);
    return isTooLarge ? { kind: 'too-large', found: message } : { kind: 'failed', message };
  }
}
