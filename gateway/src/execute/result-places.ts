import { isObject, type JsonObject, read } from './answer-shape.ts';
import { maxPathLength, type Path } from './error-paths.ts';
import type { PlanPath } from './planned-fetch.ts';

const anyItem = '@';

/**
 * Collects the objects of a result at a path of a plan. One may stand at several places, since equal entities share what was fetched below them: then
 * it is there once.
 */
export function collectObjects(root: JsonObject, path: PlanPath): JsonObject[] {
  return walk([root], path, true);
}

/** The same below objects that share nothing: no set is needed to find them once. */
export function collectBelow(objects: readonly JsonObject[], path: PlanPath): JsonObject[] {
  return walk(objects, path, false);
}

function walk(objects: readonly JsonObject[], path: PlanPath, mayShare: boolean): JsonObject[] {
  let level = objects;
  let depth = 0;
  while (depth < path.length && level.length > 0) {
    const key = path[depth] as string;
    depth += 1;
    // Lists are entered wherever they stand.
    while (path[depth] === anyItem) depth += 1;
    const next: JsonObject[] = [];
    // What is shared is the value of a field: a list is known by itself, without a look at its items.
    const seen = mayShare && level.length > 1 ? new Set<unknown>() : undefined;
    for (const object of level) {
      const value = read(object, key);
      if (typeof value !== 'object' || value === null || seen?.has(value)) continue;
      seen?.add(value);
      addObjects(value, next);
    }
    level = next;
  }
  return level === objects ? [...objects] : (level as JsonObject[]);
}

function addObjects(value: object, into: JsonObject[]): void {
  if (!Array.isArray(value)) {
    into.push(value as JsonObject);
    return;
  }
  for (const item of value as unknown[]) {
    if (typeof item === 'object' && item !== null) addObjects(item, into);
  }
}

/** A list of an entity that stands at many places is visited at each of them. */
const maxVisited = 200_000;

/** Finds where each object of `collectObjects` stands. Not for what lies behind more values than are visited. */
export function findPlaces(root: unknown, path: PlanPath): Map<object, Path[]> {
  const places = new Map<object, Path[]>();
  let left = maxVisited;
  const visit = (value: unknown, depth: number, place: Path) => {
    left -= 1;
    if (left < 0 || place.length > maxPathLength) return;
    if (Array.isArray(value)) {
      const next = path[depth] === anyItem ? depth + 1 : depth;
      for (const [index, item] of value.entries()) {
        if (left < 0) return;
        visit(item, next, [...place, index]);
      }
    } else if (isObject(value)) {
      if (depth === path.length) {
        const known = places.get(value);
        if (known) known.push(place);
        else places.set(value, [place]);
        return;
      }
      const key = path[depth] as string;
      if (key !== anyItem) visit(read(value, key), depth + 1, [...place, key]);
    }
  };
  visit(root, 0, []);
  return places;
}

/** The place of the list that objects at a path are in, or of the one object. */
export function listPlaceOf(path: PlanPath): Path {
  const firstList = path.indexOf(anyItem);
  return firstList < 0 ? path : path.slice(0, firstList);
}

/** `/reviews/author`: a path of a plan as text, without the items of lists. */
export function placeOf(path: PlanPath): string {
  return path.map((key) => (key === anyItem ? '' : `/${key}`)).join('');
}
