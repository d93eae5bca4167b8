import { applyRenames, copyAnswer, type JsonObject, mergeInto } from './answer-shape.ts';
import { placeFailure, placeRootErrors } from './fetch-errors.ts';
import { addErrors, fail, type OperationRun, placingOf, send, writeVariables } from './operation-run.ts';
import type { PlannedFetch } from './planned-fetch.ts';
import { collectObjects } from './result-places.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/** Runs a fetch of root fields. Its answer becomes part of the result, or of each object at its path. */
export async function runRootFetch(
  run: OperationRun,
  fetch: PlannedFetch,
  types: SupergraphTypes,
): Promise<void> {
  const targets = collectObjects(run.data, fetch.path);
  if (targets.length === 0) return;
  const body = `${fetch.head}${writeVariables(run, fetch)}}}`;
  const result = await send(run, fetch, fetch.group, body);
  const { data, errors = [] } = result;
  const placing = placingOf(run, fetch);
  if (!data) {
    const placed = placeRootErrors(errors, {}, placing).filter(({ path }) => path !== undefined);
    if (placed.length === 0) return fail(run, fetch, result);
    addErrors(run, placed);
    // One field that failed took the others of its fetch with it.
    const [first] = placed;
    const [missing = []] = first ? [placeFailure(first.error, placing)] : [];
    const isPlaced = (key: unknown) => placed.some(({ path }) => path?.[0] === key);
    addErrors(
      run,
      missing.filter(({ path }) => !isPlaced(path?.[0])),
    );
    return;
  }
  if (errors.length > 0) addErrors(run, placeRootErrors(errors, data, placing));
  applyRenames(data, fetch.shape);
  for (const target of targets) {
    const own = target === targets[0] ? data : (copyAnswer(data, fetch.shape, run.copies) as JsonObject);
    mergeInto(target, own, fetch.shape, types);
  }
}
