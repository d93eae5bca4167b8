import { internalErrorText } from '@signet/schema/contract';
import { type CopyBudget, isObject, type JsonObject } from './answer-shape.ts';
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
  /** Of `errors`. Undefined while there is none. */
  known: KnownErrors | undefined;
  /** The path of a place of the result, as the client knows it. */
  toClientPath(path: Path): Path;
  /** The objects that the base of other fetches brought something for: of those that share it, one. */
  brought: Map<PlannedFetch, JsonObject[]> | undefined;
  /** Objects of which a subgraph said that there is no such entity. */
  gone: Set<object> | undefined;
  /** Those of `gone` that it could not give since a field below failed. */
  failed: Set<object> | undefined;
  copies: CopyBudget;
  send(fetch: OutgoingFetch): Promise<FetchResult>;
  describeOutage(subgraph: string): SubgraphError;
  onFault(fault: Error, subgraph?: string): void;
};

/** Which errors a run has. `numbers`: of errors that differ in more than their place, by their text. */
type KnownErrors = {
  ids: Set<string>;
  numbers: Map<string, number>;
  characters: number;
  /** Whether there were more than `maxErrorCharacters`. */
  isFull: boolean;
};

function createKnownErrors(): KnownErrors {
  return { ids: new Set(), numbers: new Map(), characters: 0, isFull: false };
}

/** Of all fetches together. */
const maxErrors = 2000;
/**
 * What all errors of a run may be long, each as often as it stands in the answer. Of those beyond, only their place is told: one of 2 MB at 500 places would fill the memory.
 */
const maxErrorCharacters = 4 * 2 ** 20;
const beyondLimit: SubgraphError = {
  message: internalErrorText,
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
};
/** Fields of entities that are copied in a run, since they stand at several places. */
export const maxCopiedFields = 1_000_000;

/** Adds errors that the run does not have yet: several fetches may fail at one place for one reason. */
export function addErrors(run: OperationRun, errors: readonly PlacedError[]): void {
  if (errors.length === 0) return;
  run.known ??= createKnownErrors();
  const { known } = run;
  // One that stands at many places is read once.
  let last: SubgraphError | undefined;
  let lastText = '';
  for (const { error, subgraph, path } of errors) {
    if (run.errors.length === maxErrors) return;
    if (error !== last) lastText = JSON.stringify([error.message, error.extensions]);
    last = error;
    const isBeyond = known.characters + lastText.length > maxErrorCharacters;
    const number = isBeyond ? -1 : numberOf(lastText, known);
    const place = path ? run.toClientPath(path) : [];
    const id = `${number} ${JSON.stringify(place)}`;
    if (known.ids.has(id)) continue;
    known.ids.add(id);
    if (!isBeyond) known.characters += lastText.length;
    else if (!known.isFull) {
      known.isFull = true;
      run.onFault(new Error('answered with errors that are too long to be told'), subgraph);
    }
    const told = isBeyond ? beyondLimit : error;
    run.errors.push({ error: told, subgraph, path: place.length > 0 ? place : undefined });
  }
}

function numberOf(text: string, { numbers }: KnownErrors): number {
  let number = numbers.get(text);
  if (number === undefined) {
    number = numbers.size;
    numbers.set(text, number);
  }
  return number;
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
