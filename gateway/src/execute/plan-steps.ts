import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import type { AnswerShape } from './answer-shape.ts';
import type { Condition } from './conditions.ts';
import { type AskedFor, collectBatches, type EntityBatch, runEntityBatch } from './entity-fetch.ts';
import { createFetchMerger, type FetchMerger, type WaitingBatch } from './merged-fetches.ts';
import { fail, type OperationRun, outage } from './operation-run.ts';
import { compileFetch, type PlannedFetch, type PlanPath } from './planned-fetch.ts';
import { clientVariableOf } from './response-names.ts';
import { placeOf } from './result-places.ts';
import { runRootFetch } from './root-fetch.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

export type PlanOptions = {
  prefix: string | undefined;
  types: SupergraphTypes;
  groupOf(subgraph: string, coordinate: string): string | undefined;
  unmerged: ReadonlySet<string>;
  /** Response keys of root fields that the plan must ask for. */
  certainRootKeys: readonly string[];
};

/** A part of a plan. It never throws: what fails becomes an error of the run. Undefined where there is nothing to wait for. */
type Step = (tick: Tick) => Promise<unknown> | undefined;

/** One run, and the batches that wait for the end of the tick to be sent together. */
type Tick = { run: OperationRun; waiting: Queue[] };

/** Batches of one subgraph and group. */
type Queue = {
  subgraph: string;
  group: string | undefined;
  items: WaitingBatch[];
  /** Resolves when all have been answered. */
  answered: Promise<void>;
  resolve(): void;
};

/**
 * Compiles a plan.
 *
 * @throws {Error} for a plan that execution does not know: `@defer`, subscriptions, `@fromContext`; for one that leaves out a root field,
 *   which no subgraph can answer then
 */
export function compilePlan({ node }: QueryPlan, options: PlanOptions): (run: OperationRun) => Promise<void> {
  const fetches: PlannedFetch[] = [];
  const conditionsOfPlace: Compiling['conditionsOfPlace'] = new Map();
  const merger = createFetchMerger(options.prefix ?? '_0_', options.types);
  let count = 0;
  const nextId = () => count++;
  const step =
    node &&
    compileNode(
      node,
      { path: [], conditions: [] },
      { ...options, fetches, conditionsOfPlace, merger, nextId },
    );
  const left = options.certainRootKeys.find(
    (key) => !fetches.some(({ path, shape }) => path.length === 0 && shape.byKey.has(key)),
  );
  if (left !== undefined) throw new Error('A plan leaves out a root field of the operation.');
  if (!step) return async () => {};
  for (const { id, shape, path } of fetches) addConditions(id, shape, placeOf(path), conditionsOfPlace);
  findCopies(fetches);
  findBases(fetches);
  return async (run) => void (await step({ run, waiting: [] }));
}

type Compiling = PlanOptions & {
  fetches: PlannedFetch[];
  conditionsOfPlace: Map<string, readonly AskedFor[]>;
  merger: FetchMerger;
  nextId(): number;
};

function compileNode(
  node: PlanNode | NonNullable<QueryPlan['node']>,
  place: Place,
  compiling: Compiling,
): Step {
  switch (node.kind) {
    case 'Sequence':
      return inSequence(node.nodes.map((inner) => compileNode(inner, place, compiling)));
    case 'Parallel':
      return compileParallel(node.nodes, place, compiling);
    case 'Flatten':
      return compileNode(node.node, { ...place, path: [...place.path, ...node.path.map(String)] }, compiling);
    case 'Condition': {
      const variable = clientVariableOf(node.condition, compiling.prefix);
      const compileIf = (inner: PlanNode | undefined, keeps: boolean) => {
        const conditions = [...place.conditions, { variable, literal: false, keeps }];
        return inner && compileNode(inner, { ...place, conditions }, compiling);
      };
      const ifTrue = compileIf(node.ifClause, true);
      const ifFalse = compileIf(node.elseClause, false);
      return (tick) => (tick.run.coerced[variable] === true ? ifTrue : ifFalse)?.(tick);
    }
    case 'Fetch':
      return compileFetchNode(node, place, compiling);
    default:
      throw new Error(`A plan holds a ${node.kind} node, which is not supported.`);
  }
}

/** Where a node stands, and under which conditions. */
type Place = { path: PlanPath; conditions: readonly Condition[] };

function addConditions(
  fetchId: number,
  { fields }: AnswerShape,
  outer: string,
  into: Compiling['conditionsOfPlace'],
): void {
  for (const { to, shape, conditions } of fields) {
    const place = `${outer}/${to}`;
    const known = into.get(place) ?? [];
    into.set(place, [...known, ...conditions.map((all) => ({ fetchId, all }))]);
    if (shape) addConditions(fetchId, shape, place, into);
  }
}

function inSequence(steps: readonly Step[]): Step {
  return async (tick) => {
    for (const step of steps) {
      const running = step(tick);
      if (running) await running;
    }
  };
}

function compileParallel(nodes: readonly PlanNode[], place: Place, compiling: Compiling): Step {
  const { fetches } = compiling;
  const branches = nodes.map((node) => {
    const first = fetches.length;
    const step = compileNode(node, place, compiling);
    return { step, fetches: fetches.slice(first) };
  });
  // Only fetches to one subgraph in different branches can run at the same time.
  const counts = new Map<string, number>();
  for (const branch of branches) {
    for (const subgraph of new Set(branch.fetches.map((fetch) => fetch.subgraph))) {
      counts.set(subgraph, (counts.get(subgraph) ?? 0) + 1);
    }
  }
  for (const fetch of branches.flatMap((branch) => branch.fetches)) {
    const isAlone = (counts.get(fetch.subgraph) ?? 0) < 2;
    fetch.mayMerge ||= !isAlone && isMergeable(fetch) && !compiling.unmerged.has(fetch.subgraph);
  }
  const steps = branches.map(({ step }) => step);
  return (tick) => {
    const running = steps.map((step) => step(tick)).filter((promise) => promise !== undefined);
    return running.length > 1 ? Promise.all(running) : running[0];
  };
}

function isMergeable({ entities }: PlannedFetch): boolean {
  return entities?.selection !== undefined;
}

function compileFetchNode(node: FetchNode, place: Place, compiling: Compiling): Step {
  const { fetches, prefix, types } = compiling;
  const parts = compileFetch(node, {
    ...place,
    prefix,
    types,
    groupOf: (coordinate) => compiling.groupOf(node.serviceName, coordinate),
    nextId: compiling.nextId,
  });
  const steps = parts.map((fetch): Step => {
    fetches.push(fetch);
    if (!fetch.entities) return (tick) => guard(tick.run, fetch, runRootFetch(tick.run, fetch, types));
    return (tick) => runEntities(tick, fetch, compiling);
  });
  const [first] = steps;
  if (first && steps.length === 1) return first;
  if (node.operationKind === 'mutation') return inSequence(steps);
  return (tick) => Promise.all(steps.map((step) => step(tick)));
}

function runEntities(tick: Tick, fetch: PlannedFetch, compiling: Compiling): Promise<unknown> | undefined {
  const { run } = tick;
  const { merger, types } = compiling;
  let batches: EntityBatch[];
  try {
    batches = collectBatches(run, fetch, compiling.conditionsOfPlace);
  } catch (error) {
    return guard(run, fetch, Promise.reject(error));
  }
  if (batches.length === 0) return undefined;
  const running = batches.map((batch) =>
    fetch.mayMerge
      ? wait(tick, { fetch, batch }, merger, types)
      : guard(run, fetch, runEntityBatch(run, fetch, batch, types)),
  );
  return running.length > 1 ? Promise.all(running) : running[0];
}

/** Puts a batch to those of its subgraph and group. They go out when the tick ends, and with it all that it could have started. */
function wait(
  { run, waiting }: Tick,
  item: WaitingBatch,
  merger: FetchMerger,
  types: SupergraphTypes,
): Promise<void> {
  if (waiting.length === 0) setImmediate(sendWaiting, run, waiting, merger, types);
  const { subgraph } = item.fetch;
  const { group } = item.batch;
  const known = waiting.find((queue) => queue.subgraph === subgraph && queue.group === group);
  if (known) {
    known.items.push(item);
    return known.answered;
  }
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  waiting.push({ subgraph, group, items: [item], answered, resolve });
  return answered;
}

function sendWaiting(run: OperationRun, waiting: Queue[], merger: FetchMerger, types: SupergraphTypes): void {
  for (const { items, resolve } of waiting.splice(0)) {
    const packs = items.length > 1 ? merger.pack(items) : [items];
    const sent = packs.map((pack) => sendPack(run, pack, merger, types));
    void Promise.all(sent).then(() => resolve());
  }
}

async function sendPack(
  run: OperationRun,
  pack: readonly WaitingBatch[],
  merger: FetchMerger,
  types: SupergraphTypes,
): Promise<void> {
  const [first, second] = pack;
  if (!first) return;
  try {
    await (second ? merger.run(run, pack) : runEntityBatch(run, first.fetch, first.batch, types));
  } catch (error) {
    for (const { fetch } of pack) failWith(run, fetch, error);
  }
}

/** A subgraph's answer must not end the operation, whatever it makes us stumble over. */
function guard(run: OperationRun, fetch: PlannedFetch, running: Promise<void>): Promise<void> {
  return running.catch((error: unknown) => failWith(run, fetch, error));
}

function failWith(run: OperationRun, fetch: PlannedFetch, error: unknown): void {
  run.onFault(error instanceof Error ? error : new Error(String(error)), fetch.subgraph);
  fail(run, fetch, outage(run, fetch.subgraph));
}

/**
 * Finds the fetches whose answers must be copied where one entity stands at several places: another fetch brings parts of the same fields
 * with these objects or with those above, and may bring others for each place. What is fetched below belongs to the shared object.
 */
function findCopies(fetches: readonly PlannedFetch[]): void {
  for (const fetch of fetches) {
    if (!fetch.entities) continue;
    const composites = fetch.shape.fields.filter(({ shape }) => shape);
    fetch.copies = composites.some(({ to }) =>
      fetches.some((other) => other !== fetch && brings(other, [...fetch.path, to])),
    );
  }
}

/**
 * Finds for each fetch of entities the fetch that alone brings the last part of its path. Below what that one brought no two objects are
 * the same, so a walk from there is shorter, and needs no memory of what it has seen.
 */
function findBases(fetches: readonly PlannedFetch[]): void {
  for (const fetch of fetches) {
    const base = fetch.entities && findBase(fetch.path, fetches);
    if (!base) continue;
    fetch.base = { fetch: base, below: fetch.path.slice(base.path.length) };
    base.isBase = true;
  }
}

function findBase(path: PlanPath, fetches: readonly PlannedFetch[]): PlannedFetch | undefined {
  let only: PlannedFetch | undefined;
  for (let length = path.length; length > 0; length -= 1) {
    if (length === only?.path.length) return only.entities && !only.copies ? only : undefined;
    if (path[length - 1] === '@') continue;
    const bringing = fetches.filter((fetch) => brings(fetch, path.slice(0, length)));
    only ??= bringing[0];
    if (bringing.length !== 1 || bringing[0] !== only) return undefined;
  }
  return only?.path.length === 0 ? only : undefined;
}

/** Whether a fetch asks for the field at a place, itself or with an object above. */
function brings({ path, shape }: PlannedFetch, place: PlanPath): boolean {
  if (path.length >= place.length || !path.every((key, index) => place[index] === key)) return false;
  let at: PlannedFetch['shape'] | undefined = shape;
  for (const key of place.slice(path.length)) {
    if (key !== '@') at = at?.fields.find(({ to }) => to === key)?.shape;
  }
  return at !== undefined;
}
