import { isObject, type JsonObject } from './answer-shape.ts';
import type { Path } from './error-paths.ts';
import type { FetchResult, OutgoingFetch, SubgraphError } from './executor.ts';
import { type ErrorPlacing, type PlacedError, placeFailure } from './fetch-errors.ts';
import type { PlannedFetch } from './planned-fetch.ts';

/** One run of an operation: what was asked, and what has been answered so far. Sets and maps are undefined until there is an entry. */
export type OperationRun = {
  /** As the client sent them. */
  variables: Readonly<Record<string, unknown>>;
  coerced: Readonly<Record<string, unknown>>;
  /** The merged answers. */
  data: JsonObject;
  /** Their paths hold the client's response keys. */
  errors: PlacedError[];
  errorIds: Set<string> | undefined;
  /** The path of a place of the result, as the client knows it. */
  toClientPath(path: Path): Path;
  /** The objects that the base of other fetches brought something for: of those that share it, one. */
  brought: Map<PlannedFetch, JsonObject[]> | undefined;
  /** Objects of which a subgraph said that there is no such entity. */
  gone: Set<object> | undefined;
  /** Those of `gone` that it could not give since a field below failed. */
  failed: Set<object> | undefined;
  send(fetch: OutgoingFetch): Promise<FetchResult>;
  describeOutage(subgraph: string): SubgraphError;
  onFault(fault: Error, subgraph?: string): void;
};

/** Of all fetches together. */
const maxErrors = 2000;

/** Adds errors that the run does not have yet: several fetches may fail at one place for one reason. */
export function addErrors(run: OperationRun, errors: readonly PlacedError[]): void {
  if (errors.length === 0) return;
  run.errorIds ??= new Set();
  for (const { error, subgraph, path } of errors) {
    if (run.errors.length === maxErrors) return;
    const place = path ? run.toClientPath(path) : [];
    const id = JSON.stringify([error.message, error.extensions, place]);
    if (run.errorIds.has(id)) continue;
    run.errorIds.add(id);
    run.errors.push({ error, subgraph, path: place.length > 0 ? place : undefined });
  }
}

/** The variables of a fetch that the client gave, as JSON. */
export function writeVariables({ variables }: OperationRun, fetch: Pick<PlannedFetch, 'variables'>): string {
  let text = '';
  for (const { name, key } of fetch.variables) {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value !== undefined) text += `${text === '' ? '' : ','}${key}${JSON.stringify(value)}`;
  }
  return text;
}

/** Sends a fetch. Where no answer came, or none that is GraphQL, the result has the outage as its error. */
export async function send(
  run: OperationRun,
  { subgraph, kind }: Pick<PlannedFetch, 'subgraph' | 'kind'>,
  group: string | undefined,
  body: string,
): Promise<FetchResult> {
  try {
    const result = await run.send({ subgraph, kind, body, group });
    const { data, errors } = result;
    if (data !== null && !isObject(data)) return outage(run, subgraph);
    if (data === null && !errors?.length) return outage(run, subgraph);
    return result;
  } catch {
    // The sender has logged it.
    return outage(run, subgraph);
  }
}

export function outage(run: OperationRun, subgraph: string): FetchResult {
  return { data: null, errors: [run.describeOutage(subgraph)] };
}

/** Records that a fetch brought nothing. */
export function fail(run: OperationRun, fetch: PlannedFetch, { errors }: FetchResult): void {
  const error = errors?.[0] ?? run.describeOutage(fetch.subgraph);
  addErrors(run, placeFailure(error, placingOf(run, fetch)));
}

export function placingOf({ data, coerced }: OperationRun, fetch: PlannedFetch): ErrorPlacing {
  return { fetch, root: data, coerced };
}
