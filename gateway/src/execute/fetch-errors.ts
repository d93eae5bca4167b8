import { type AnswerShape, isObject, type JsonObject, read } from './answer-shape.ts';
import { hold } from './conditions.ts';
import { maxPathLength, type Path } from './error-paths.ts';
import type { SubgraphError } from './executor.ts';
import type { PlannedFetch } from './planned-fetch.ts';
import { findPlaces, listPlaceOf } from './result-places.ts';

/** An error of a subgraph, at its place in the result: with the keys of the planned operation. */
export type PlacedError = { error: SubgraphError; subgraph: string; path: Path | undefined };

export type ErrorPlacing = {
  fetch: PlannedFetch;
  /** The result so far. */
  root: unknown;
  /** Coerced variables. */
  coerced: Readonly<Record<string, unknown>>;
};

/** The errors of one answer that are read at all. */
const maxAnswerErrors = 1000;
/** Errors of an answer before each further one stands at a single place: 1,000 errors at 4,000 places would fill the memory. */
const maxSpreadErrors = 500;

/** Places the errors of a fetch of root fields, whose `data` came beside them. */
export function placeRootErrors(
  errors: readonly SubgraphError[],
  data: JsonObject,
  { fetch, root }: ErrorPlacing,
): PlacedError[] {
  const { subgraph, shape, path } = fetch;
  const [base = []] = path.length === 0 ? [] : [...findPlaces(root, path).values()].flat();
  return errors.slice(0, maxAnswerErrors).map((error) => {
    const inner = readPath(error.path, data, shape);
    const placed = [...base, ...inner];
    return { error, subgraph, path: placed.length > 0 ? placed : undefined };
  });
}

/**
 * Places the errors of a fetch of entities. An error of one entity is one of each place where the entity stands.
 *
 * @param targetsOf the objects of the result that an entity of the answer belongs to
 */
export function placeEntityErrors(
  errors: readonly SubgraphError[],
  entities: readonly unknown[],
  targetsOf: (index: number) => readonly JsonObject[],
  { fetch, root }: ErrorPlacing,
): PlacedError[] {
  const { subgraph, shape, path } = fetch;
  const places = findPlaces(root, path);
  const basesByIndex = new Map<number, Path[]>();
  const basesOf = (index: number) => {
    let bases = basesByIndex.get(index);
    if (!bases) {
      bases = [...new Set(targetsOf(index))].flatMap((target) => places.get(target) ?? []);
      basesByIndex.set(index, bases);
    }
    return bases;
  };
  const placed: PlacedError[] = [];
  for (const error of errors.slice(0, maxAnswerErrors)) {
    const [, index, ...rest]: unknown[] = Array.isArray(error.path) ? error.path : [];
    const isOfEntity = typeof index === 'number' && index in entities;
    const bases = isOfEntity ? basesOf(index) : [listPlaceOf(path)];
    const inner = isOfEntity ? readPath(rest, entities[index], shape) : [];
    const room = Math.max(1, maxSpreadErrors - placed.length);
    for (const base of bases.slice(0, room)) placed.push({ error, subgraph, path: [...base, ...inner] });
  }
  return placed;
}

/**
 * Places the error of a fetch that brought nothing, so that the client sees what is missing: for each root field, or for the list that
 * the entities are in.
 */
export function placeFailure(error: SubgraphError, { fetch, root, coerced }: ErrorPlacing): PlacedError[] {
  const { subgraph, path, entities, rootFields } = fetch;
  if (entities) return [{ error, subgraph, path: listPlaceOf(path) }];
  const [base = []] = path.length === 0 ? [] : [...findPlaces(root, path).values()].flat();
  const keys = new Set(
    rootFields.filter(({ conditions }) => hold(conditions, coerced)).map(({ key }) => key),
  );
  return [...keys].map((key) => ({ error, subgraph, path: [...base, key] }));
}

/** Reads as much of a path as the fetch asked for and the answer has: subgraphs can write anything. */
function readPath(path: unknown, data: unknown, root: AnswerShape): (string | number)[] {
  const found: (string | number)[] = [];
  let value = data;
  let shape: AnswerShape | undefined = root;
  for (const element of Array.isArray(path) ? (path as unknown[]) : []) {
    if (found.length === maxPathLength) break;
    if (typeof element === 'number') {
      const isItem = Array.isArray(value) ? element in value : value === null || value === undefined;
      if (!isItem || found.length === 0 || !Number.isSafeInteger(element) || element < 0) break;
      found.push(element);
      value = Array.isArray(value) ? value[element] : undefined;
    } else {
      const field: AnswerShape['fields'][number] | undefined =
        typeof element === 'string' ? shape?.byKey.get(element) : undefined;
      if (!field) break;
      found.push(field.to);
      value = isObject(value) ? read(value, field.from) : undefined;
      shape = field.shape;
    }
  }
  return found;
}
