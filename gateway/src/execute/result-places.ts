import { isObject, type JsonObject, read } from './answer-shape.ts';
import type { Path } from './error-paths.ts';
import type { PlanPath } from './planned-fetch.ts';

const anyItem = '@';

/** Collects the objects of a result at a path of a plan, each once: one may stand at several places. */
export function collectObjects(root: JsonObject, path: PlanPath): Iterable<JsonObject> & { size: number } {
  let level = new Set([root]);
  let depth = 0;
  while (depth < path.length && level.size > 0) {
    const key = path[depth] as string;
    depth += 1;
    // Lists are entered wherever they stand.
    while (path[depth] === anyItem) depth += 1;
    const next = new Set<JsonObject>();
    for (const object of level) addObjects(read(object, key), next);
    level = next;
  }
  return level;
}

function addObjects(value: unknown, into: Set<JsonObject>): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) into.add(value as JsonObject);
  else for (const item of value) addObjects(item, into);
}

/** Finds where each object of `collectObjects` stands. */
export function findPlaces(root: unknown, path: PlanPath): Map<object, Path[]> {
  const places = new Map<object, Path[]>();
  const walk = (value: unknown, depth: number, place: Path) => {
    if (Array.isArray(value)) {
      const next = path[depth] === anyItem ? depth + 1 : depth;
      for (const [index, item] of value.entries()) walk(item, next, [...place, index]);
    } else if (isObject(value)) {
      if (depth === path.length) {
        const known = places.get(value);
        if (known) known.push(place);
        else places.set(value, [place]);
        return;
      }
      const key = path[depth] as string;
      if (key !== anyItem) walk(read(value, key), depth + 1, [...place, key]);
    }
  };
  walk(root, 0, []);
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
