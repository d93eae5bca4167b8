import { subgraphBodyLimitBytes } from '@signet/service';
import { type EntityBatch, maxBatchEntities, sizeOf, takeEntities } from './entity-fetch.ts';
import type { FetchResult, SubgraphError } from './executor.ts';
import { type OperationRun, send, writeVariables } from './operation-run.ts';
import type { PlannedFetch } from './planned-fetch.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/** A batch that waits for the end of the tick. */
export type WaitingBatch = { fetch: PlannedFetch; batch: EntityBatch; done(): void };

/** Combinations of fetches whose document is kept, of one operation. */
const maxKeptDocuments = 32;

export type FetchMerger = {
  /** Sends batches of one subgraph and one group as one fetch. */
  run(run: OperationRun, waiting: readonly WaitingBatch[]): Promise<void>;
  /** Puts batches together that may go into one fetch. A batch that is too large for that is alone. */
  pack(waiting: readonly WaitingBatch[]): WaitingBatch[][];
};

/**
 * Sends fetches of entities that run at the same time as one document: `_entities` once for each, under a key of its own.
 *
 * @param prefix begins the keys and variables that are added
 */
export function createFetchMerger(prefix: string, types: SupergraphTypes): FetchMerger {
  const heads = new Map<string, string>();
  const headOf = (fetches: readonly PlannedFetch[]) => {
    const key = fetches.map(({ id }) => id).join(' ');
    let head = heads.get(key);
    if (head === undefined) {
      head = `{"query":${JSON.stringify(writeDocument(fetches, prefix))},"variables":{`;
      if (heads.size < maxKeptDocuments) heads.set(key, head);
    }
    return head;
  };
  return {
    async run(run, waiting) {
      const [first] = waiting;
      if (!first) return;
      const fetches = waiting.map(({ fetch }) => fetch);
      const variables = new Map(
        fetches.flatMap((fetch) => fetch.variables).map((variable) => [variable.name, variable]),
      );
      const own = writeVariables(run, { variables: [...variables.values()] });
      const representations = waiting.map(
        ({ batch }, index) => `"${prefix}r${index}":[${batch.texts.join(',')}]`,
      );
      const body = `${headOf(fetches)}${own}${own === '' ? '' : ','}${representations.join(',')}}}`;
      const result = await send(run, first.fetch, first.batch.group, body);
      for (const [index, { fetch, batch }] of waiting.entries()) {
        const part = takePart(result, `${prefix}e${index}`);
        takeEntities(run, fetch, batch, { from: 0, to: batch.texts.length }, part, types);
      }
    },
    pack(waiting) {
      const packs: { items: WaitingBatch[]; entities: number; bytes: number }[] = [];
      for (const item of waiting) {
        const entities = item.batch.texts.length;
        // At most, and with the text of the fetch: a merged one is no longer than both.
        const bytes = (sizeOf(item.batch.texts) + item.fetch.head.length) * 3;
        const pack = packs.find(
          (known) =>
            known.entities + entities <= maxBatchEntities &&
            known.bytes + bytes <= subgraphBodyLimitBytes / 2,
        );
        if (pack) {
          pack.items.push(item);
          pack.entities += entities;
          pack.bytes += bytes;
        } else {
          packs.push({ items: [item], entities, bytes });
        }
      }
      return packs.map(({ items }) => items);
    },
  };
}

function writeDocument(fetches: readonly PlannedFetch[], prefix: string): string {
  const definitions = new Map<string, string>();
  const representations: string[] = [];
  const fields: string[] = [];
  for (const [index, { entities }] of fetches.entries()) {
    if (!entities) throw new Error('Only fetches of entities are merged.');
    for (const [name, text] of entities.variableDefinitions) definitions.set(name, text);
    representations.push(`$${prefix}r${index}:[_Any!]!`);
    fields.push(`${prefix}e${index}:_entities(representations:$${prefix}r${index})${entities.selection}`);
  }
  return `query(${[...representations, ...definitions.values()].join(',')}){${fields.join(' ')}}`;
}

/** Takes the part of one fetch from the answer to several: its entities, and the errors that are its own or of all. */
function takePart({ data, errors = [] }: FetchResult, key: string): FetchResult {
  const rootOf = ({ path }: SubgraphError): unknown => (Array.isArray(path) ? path[0] : undefined);
  const own = errors.filter((error) => rootOf(error) === key || rootOf(error) === undefined);
  if (!data) return { data: null, errors: own.length > 0 ? own : errors };
  const entities = Object.hasOwn(data, key) ? data[key] : undefined;
  return { data: { _entities: entities }, errors: own };
}
