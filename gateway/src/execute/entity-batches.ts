import { subgraphBodyLimitBytes } from '@signet/service';
import type { GraphQLFormattedError } from 'graphql';
import { maxPathLength } from './error-paths.ts';
import type { GatewayResponse } from './fetch-answer.ts';

type Variables = Readonly<Record<string, unknown>>;

/** Part of the entities of a fetch, each once. */
type EntityBatch = {
  representations: unknown[];
  /** Of each representation, where it stood in the fetch. */
  places: number[][];
};

/** Keeps an answer below what the gateway reads of one: 500 with a text of 4,000 characters come to 8 MB. */
const maxBatchEntities = 500;
/** Errors of an answer before each further one stands at a single place: 1,000 errors at 4,000 places would fill the memory. */
const maxSpreadErrors = 500;

/**
 * Asks for the entities of a fetch. Equal representations are sent once and answered at each of their places: a page of
 * lists may name one entity 4,000 times. What is left goes out in parts, one after the other, each within the subgraph's limits on a body.
 *
 * @returns an answer as if all had been sent at once; the first answer without data, if there is one
 * @throws {Error} what `ask` throws; where an answer does not hold the entities that were asked for
 */
export async function askForEntities(
  variables: Variables,
  query: string,
  ask: (variables: Variables) => Promise<GatewayResponse>,
): Promise<GatewayResponse> {
  const { representations, ...others } = variables;
  const all = representations as unknown[];
  // As it is sent: JSON writes a quote or a line break of the query with one byte more.
  const emptyBody = JSON.stringify({ query, variables: { ...others, representations: [] } });
  const maxBytes = subgraphBodyLimitBytes - Buffer.byteLength(emptyBody);
  const entities: unknown[] = new Array(all.length);
  const errors: GraphQLFormattedError[] = [];
  for (const batch of splitEntities(all, maxBytes)) {
    const answer = await ask({ ...others, representations: batch.representations });
    if (!answer.data) return answer;
    spreadEntities(batch, answer.data._entities, entities);
    for (const error of answer.errors ?? []) {
      errors.push(...spreadError(batch, error, Math.max(1, maxSpreadErrors - errors.length)));
    }
  }
  return { data: { _entities: entities }, ...(errors.length > 0 && { errors }) } as GatewayResponse;
}

function splitEntities(representations: readonly unknown[], maxBytes: number): EntityBatch[] {
  const placesByText = new Map<string, number[]>();
  for (const [place, representation] of representations.entries()) {
    const text = JSON.stringify(representation);
    const places = placesByText.get(text);
    if (places) places.push(place);
    else placesByText.set(text, [place]);
  }
  const batches: EntityBatch[] = [];
  let batch: EntityBatch = { representations: [], places: [] };
  let bytes = 0;
  for (const [text, places] of placesByText) {
    const added = Buffer.byteLength(text) + 1;
    if (batches.length === 0 || bytes + added > maxBytes || batch.places.length === maxBatchEntities) {
      batch = { representations: [], places: [] };
      batches.push(batch);
      bytes = 0;
    }
    bytes += added;
    batch.representations.push(representations[places[0] as number]);
    batch.places.push(places);
  }
  return batches;
}

/** Each place gets an object of its own: @apollo/gateway renames fields in them, and merges later answers into them. */
function spreadEntities({ places }: EntityBatch, received: unknown, entities: unknown[]): void {
  if (!Array.isArray(received) || received.length !== places.length) {
    throw new Error(`answered without the ${places.length} entities that were asked for`);
  }
  for (const [index, [first, ...others]] of places.entries()) {
    entities[first as number] = received[index];
    for (const place of others) entities[place] = copyJson(received[index]);
  }
}

/** An error of one entity is one of each place where the entity stands, for the first `maxPlaces` of them. */
function spreadError(
  { places }: EntityBatch,
  error: GraphQLFormattedError,
  maxPlaces: number,
): GraphQLFormattedError[] {
  const [root, index, ...rest] = error.path ?? [];
  const own = root === '_entities' && typeof index === 'number' ? places[index] : undefined;
  if (!own) return [error];
  const below = rest.slice(0, maxPathLength);
  return own.slice(0, maxPlaces).map((place) => ({ ...error, path: ['_entities', place, ...below] }));
}

/** Some ten times faster than structuredClone for objects of a few fields. JSON.parse made `value`: it is no deeper than the fetch. */
function copyJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyJson(inner)]));
}
