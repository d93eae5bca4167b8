import { quoteJson, subgraphBodyLimitBytes } from '@signet/service';
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
import type { Identity } from './representations.ts';
import { representationsVariable } from './response-names.ts';
import { collectBelow, collectObjects, placeOf } from './result-places.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/** The entities of one fetch that go to one group, each once. */
export type EntityBatch = {
  group: string | undefined;
  /** Representations as JSON. */
  texts: string[];
  /** Objects of the result, and for each the number of its representation, or `ofOthers`. */
  targets: readonly JsonObject[];
  numbers: number[];
};

/** The number of an object that is not of the batch. */
const ofOthers = -1;

/** A fetch asks for a place of the result where all these conditions hold. Fetches are numbered as the plan has them. */
export type AskedFor = { fetchId: number; all: readonly Condition[] };
/** By place, for all fetches of the plan. */
export type ConditionsOfPlace = ReadonlyMap<string, readonly AskedFor[]>;

/** Keeps an answer below what the gateway reads of one: 500 with a text of 4,000 characters come to 8 MB. */
export const maxBatchEntities = 500;

/** A long value that the representations of many entities share is written once for each. */
const maxBatchCharacters = 32 * 2 ** 20;

/** Finds the objects that a fetch is for, and writes their representations: a page of lists may name one entity 4,000 times. */
export function collectBatches(
  run: OperationRun,
  fetch: PlannedFetch,
  conditionsOf: ConditionsOfPlace,
): EntityBatch[] {
  const { entities, path, group } = fetch;
  if (!entities) return [];
  const isAskedFor = (place: string) => {
    // What comes later brings nothing for this fetch. Where only that brings it, the plan is wrong, and nothing is sent without it.
    const before = conditionsOf.get(placeOf(path) + place)?.filter(({ fetchId }) => fetchId < fetch.id) ?? [];
    return before.length === 0 || before.some(({ all }) => hold(all, run.coerced));
  };
  const targets = collectTargets(run, fetch);
  const batches: OpenBatch[] = [];
  const openFor = (own: string | undefined): OpenBatch => {
    const known = batches.find(({ batch }) => batch.group === own);
    if (known) return known;
    const numbers = new Array<number>(targets.length).fill(ofOthers);
    const batch = { group: own, texts: [], targets, numbers };
    const open = { batch, characters: 0, written: [], byIdentity: new Map(), byText: undefined };
    batches.push(open);
    return open;
  };
  let typename: unknown;
  let identity: Identity | undefined;
  let open: OpenBatch | undefined;
  for (let index = 0; index < targets.length; index += 1) {
    const object = targets[index] as JsonObject;
    if (!open || object.__typename !== typename) {
      typename = object.__typename;
      identity = entities.identityOf(typename);
      open = openFor(entities.groupOf ? entities.groupOf(String(typename)) : group);
    }
    const number =
      numberByIdentity(open, identity, object) ??
      numberByText(open, identity, object, entities.write(object, isAskedFor));
    if (number !== undefined) open.batch.numbers[index] = number;
  }
  return batches.map(({ batch }) => batch).filter(({ texts }) => texts.length > 0);
}

type OpenBatch = {
  batch: EntityBatch;
  /** Of its representations. */
  characters: number;
  /** Of each representation, the object that it was written of. */
  written: JsonObject[];
  /** The numbers of representations by their text at the key. */
  byIdentity: Map<Identity, Map<string, number>>;
  byText: Map<string, number> | undefined;
};

/** Finds the number of an object without writing it, or by writing no more than its key. */
function numberByIdentity(
  open: OpenBatch,
  identity: Identity | undefined,
  object: JsonObject,
): number | undefined {
  const value = identity && object[identity.key];
  if (!identity || typeof value !== 'string') return undefined;
  const { others, around } = identity;
  const numbers = open.byIdentity.get(identity);
  const number = numbers?.get(value);
  if (number !== undefined) {
    const known = open.written[number] as JsonObject;
    for (const key of others) if (object[key] !== known[key]) return undefined;
    return number;
  }
  if (!around) return undefined;
  return add(open, identity, object, around.before + quoteJson(value) + around.after);
}

function numberByText(
  open: OpenBatch,
  identity: Identity | undefined,
  object: JsonObject,
  text: string | undefined,
): number | undefined {
  if (text === undefined) return undefined;
  open.byText ??= new Map();
  let number = open.byText.get(text);
  if (number === undefined) {
    number = add(open, identity, object, text);
    open.byText.set(text, number);
  }
  return number;
}

function add(open: OpenBatch, identity: Identity | undefined, object: JsonObject, text: string): number {
  const { batch, written, byIdentity } = open;
  const number = batch.texts.push(text) - 1;
  open.characters += text.length;
  if (open.characters > maxBatchCharacters) {
    throw new Error('cannot be asked: what the fetch requires of entities is too long');
  }
  written.push(object);
  const value = identity && object[identity.key];
  if (identity && typeof value === 'string') {
    const numbers = byIdentity.get(identity);
    if (numbers) numbers.set(value, number);
    else byIdentity.set(identity, new Map([[value, number]]));
  }
  return number;
}

/** The objects that a fetch is for, each once. */
function collectTargets({ data, brought }: OperationRun, { path, base }: PlannedFetch): JsonObject[] {
  if (!base) return collectObjects(data, path);
  const { fetch, below } = base;
  return collectBelow(fetch.entities ? (brought?.get(fetch) ?? []) : [data], below);
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
  // A character is at most three bytes of UTF-8.
  const isSmall =
    texts.length <= maxBatchEntities && (before.length + sizeOf(texts) + 3) * 3 <= subgraphBodyLimitBytes;
  if (isSmall) return [{ from: 0, to: texts.length }];
  const maxBytes = subgraphBodyLimitBytes - Buffer.byteLength(before) - 3;
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
  const { subgraph, shape, copies, isBase } = fetch;
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
  const failed =
    errors.length > 0
      ? new Set(errors.map(({ path }) => (Array.isArray(path) && path.length > 2 ? path[1] : undefined)))
      : undefined;
  const firsts = isBase ? broughtBy(run, fetch) : undefined;
  // Numbers were given in the order of the targets.
  let next = from;
  for (let place = 0; place < targets.length; place += 1) {
    const target = targets[place] as JsonObject;
    const number = numbers[place] as number;
    if (number < from || number >= to) continue;
    const isFirst = number === next;
    if (isFirst) next += 1;
    const entity: unknown = entities[number - from];
    if (isObject(entity)) {
      mergeInto(
        target,
        isFirst || !copies ? entity : (copyAnswer(entity, shape, run.copies) as JsonObject),
        shape,
        types,
      );
      if (isFirst) firsts?.push(target);
    } else if (entity === null) {
      run.gone ??= new Set();
      run.gone.add(target);
      if (!failed?.has(number - from)) continue;
      run.failed ??= new Set();
      run.failed.add(target);
    }
  }
  return true;
}

function broughtBy(run: OperationRun, fetch: PlannedFetch): JsonObject[] {
  run.brought ??= new Map();
  let objects = run.brought.get(fetch);
  if (!objects) {
    objects = [];
    run.brought.set(fetch, objects);
  }
  return objects;
}
