import { subgraphBodyLimitBytes } from '@signet/service';
import { applyRenames, copyAnswer, isObject, type JsonObject, mergeInto } from './answer-shape.ts';
import { type Condition, hold } from './conditions.ts';
import type { FetchResult } from './executor.ts';
import { placeEntityErrors } from './fetch-errors.ts';
import {
  addErrors,
  fail,
  type OperationRun,
  outage,
  placingOf,
  send,
  writeVariables,
} from './operation-run.ts';
import type { PlannedFetch } from './planned-fetch.ts';
import { representationsVariable } from './response-names.ts';
import { collectObjects, placeOf } from './result-places.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/** The entities of one fetch that go to one group, each once. */
export type EntityBatch = {
  group: string | undefined;
  /** Representations as JSON. */
  texts: string[];
  /** Objects of the result, and for each the number of its representation. */
  targets: JsonObject[];
  numbers: number[];
};

/** When a place of the result is asked for, by any fetch of the plan: where all conditions of one of the lists hold. */
export type ConditionsOfPlace = ReadonlyMap<string, readonly (readonly Condition[])[]>;

/** Keeps an answer below what the gateway reads of one: 500 with a text of 4,000 characters come to 8 MB. */
export const maxBatchEntities = 500;

/** Finds the objects that a fetch is for, and writes their representations: a page of lists may name one entity 4,000 times. */
export function collectBatches(
  run: OperationRun,
  fetch: PlannedFetch,
  conditionsOf: ConditionsOfPlace,
): EntityBatch[] {
  const { entities, path, group } = fetch;
  if (!entities) return [];
  const batches = new Map<string | undefined, OpenBatch>();
  const isAskedFor = (place: string) => {
    const conditions = conditionsOf.get(placeOf(path) + place);
    return !conditions || conditions.some((all) => hold(all, run.coerced));
  };
  let last: { typename: unknown; open: OpenBatch; known: Map<string, number> } | undefined;
  for (const object of collectObjects(run.data, path)) {
    const typename = object.__typename;
    const identity = entities.identify(object);
    if (last && last.typename === typename && identity !== undefined) {
      const number = last.known.get(identity);
      if (number !== undefined) {
        addTarget(last.open.batch, object, number);
        continue;
      }
    }
    const text = entities.write(object, isAskedFor);
    if (text === undefined) continue;
    const own = entities.groupOf ? entities.groupOf(String(typename)) : group;
    let open = batches.get(own);
    if (!open) {
      open = { batch: { group: own, texts: [], targets: [], numbers: [] }, numberOf: new Map() };
      batches.set(own, open);
    }
    const { batch, numberOf } = open;
    let number = numberOf.get(text);
    if (number === undefined) {
      number = batch.texts.length;
      numberOf.set(text, number);
      batch.texts.push(text);
    }
    addTarget(batch, object, number);
    if (identity === undefined) continue;
    // A text need not be written to be found again.
    if (last?.typename !== typename) last = { typename, open, known: new Map() };
    last?.known.set(identity, number);
  }
  return [...batches.values()].map(({ batch }) => batch);
}

type OpenBatch = { batch: EntityBatch; numberOf: Map<string, number> };

function addTarget({ targets, numbers }: EntityBatch, object: JsonObject, number: number): void {
  targets.push(object);
  numbers.push(number);
}

/** Asks for the entities of a batch: in parts, one after the other, each within the subgraph's limits on a body. */
export async function runEntityBatch(
  run: OperationRun,
  fetch: PlannedFetch,
  batch: EntityBatch,
  types: SupergraphTypes,
): Promise<void> {
  const variables = writeVariables(run, fetch);
  const before = `${fetch.head}${variables}${variables === '' ? '' : ','}"${representationsVariable}":[`;
  for (const { from, to } of splitBatch(batch.texts, before)) {
    const texts = from === 0 && to === batch.texts.length ? batch.texts : batch.texts.slice(from, to);
    const result = await send(run, fetch, batch.group, `${before}${texts.join(',')}]}}`);
    if (!takeEntities(run, fetch, batch, { from, to }, result, types)) return;
  }
}

/** A part of a batch: representations `from` to `to`, `to` excluded. */
export type Part = { from: number; to: number };

/** Splits representations into the fewest parts that the subgraph takes. */
export function splitBatch(texts: readonly string[], before: string): Part[] {
  const maxBytes = subgraphBodyLimitBytes - Buffer.byteLength(before) - 3;
  // A character is at most three bytes of UTF-8.
  const isSmall = texts.length <= maxBatchEntities && sizeOf(texts) * 3 <= maxBytes;
  if (isSmall) return [{ from: 0, to: texts.length }];
  const parts: Part[] = [];
  let bytes = 0;
  for (const [index, text] of texts.entries()) {
    const added = Buffer.byteLength(text) + 1;
    const last = parts.at(-1);
    if (last && bytes + added <= maxBytes && last.to - last.from < maxBatchEntities) {
      last.to += 1;
      bytes += added;
    } else {
      parts.push({ from: index, to: index + 1 });
      bytes = added;
    }
  }
  return parts;
}

/** The characters of texts, with a comma each. */
export function sizeOf(texts: readonly string[]): number {
  let size = texts.length;
  for (const text of texts) size += text.length;
  return size;
}

/**
 * Merges the entities of a part into the objects that they belong to.
 *
 * @returns whether there were any: after an answer without them, the rest is not asked for
 */
export function takeEntities(
  run: OperationRun,
  fetch: PlannedFetch,
  { targets, numbers }: EntityBatch,
  { from, to }: Part,
  result: FetchResult,
  types: SupergraphTypes,
): boolean {
  const { subgraph, shape, copies } = fetch;
  const { data, errors = [] } = result;
  const entities = data?._entities;
  if (!data || !Array.isArray(entities) || entities.length !== to - from) {
    if (data) {
      run.onFault(new Error(`answered without the ${to - from} entities that were asked for`), subgraph);
    }
    fail(run, fetch, data && errors.length === 0 ? outage(run, subgraph) : result);
    return false;
  }
  if (errors.length > 0) {
    const targetsOf = (index: number) => targets.filter((_, place) => numbers[place] === from + index);
    addErrors(run, placeEntityErrors(errors, entities, targetsOf, placingOf(run, fetch)));
  }
  if (shape.hasRenamed) applyRenames(entities, shape);
  const failed = new Set(
    errors.map(({ path }) => (Array.isArray(path) && path.length > 2 ? path[1] : undefined)),
  );
  const used = copies ? new Set<number>() : undefined;
  for (let place = 0; place < targets.length; place += 1) {
    const target = targets[place] as JsonObject;
    const number = numbers[place] as number;
    if (number < from || number >= to) continue;
    const entity: unknown = entities[number - from];
    if (isObject(entity)) {
      const isFirst = !used?.has(number);
      used?.add(number);
      mergeInto(target, isFirst ? entity : (copyAnswer(entity, shape) as JsonObject), shape, types);
    } else if (entity === null) {
      run.gone.add(target);
      if (failed.has(number - from)) run.failed.add(target);
    }
  }
  return true;
}
