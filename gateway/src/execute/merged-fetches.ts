import { subgraphBodyLimitBytes } from '@signet/service';
import { type EntityBatch, maxBatchEntities, sizeOf, takeEntities } from './entity-fetch.ts';
import type { FetchResult, SubgraphError } from './executor.ts';
import { type OperationRun, send, writeVariables } from './operation-run.ts';
import type { FetchVariable, PlannedFetch } from './planned-fetch.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/** A batch that waits for the end of the tick. */
export type WaitingBatch = { fetch: PlannedFetch; batch: EntityBatch };

/** Combinations of fetches whose document is kept, of one operation. */
const maxKeptDocuments = 32;

export type FetchMerger = {
  /** Sends batches of one subgraph and one group as one fetch. */
  run(run: OperationRun, waiting: readonly WaitingBatch[]): Promise<void>;
  /** Puts batches together that may go into one fetch. A batch that is too large for that is alone. */
  pack(waiting: readonly WaitingBatch[]): WaitingBatch[][];
};

/** What several fetches are sent as. */
type MergedDocument = {
  /** `{"query":…,"variables":{` */
  head: string;
  /** The client's variables of all fetches, each once. */
  variables: readonly FetchVariable[];
  parts: readonly MergedPart[];
};

/** The part of one fetch. */
type MergedPart = {
  /** `"representations":[`, by the name that its representations have. */
  before: string;
  /** The key of its entities in the answer. */
  key: string;
};

/**
 * Sends fetches of entities that run at the same time as one document: `_entities` once for each, under a key of its own.
 *
 * @param prefix begins the keys and variables that are added
 */
export function createFetchMerger(prefix: string, types: SupergraphTypes): FetchMerger {
  const documents = new Map<string, MergedDocument>();
  const documentOf = (waiting: readonly WaitingBatch[]): MergedDocument => {
    let ids = '';
    for (const { fetch } of waiting) ids += `${fetch.id} `;
    let document = documents.get(ids);
    if (!document) {
      document = describeDocument(
        waiting.map(({ fetch }) => fetch),
        prefix,
      );
      if (documents.size < maxKeptDocuments) documents.set(ids, document);
    }
    return document;
  };
  return {
    async run(run, waiting) {
      const [first] = waiting;
      if (!first) return;
      const document = documentOf(waiting);
      const result = await send(run, first.fetch, first.batch.group, writeBody(run, document, waiting));
      for (let index = 0; index < waiting.length; index += 1) {
        const { fetch, batch } = waiting[index] as WaitingBatch;
        const part = takePart(result, (document.parts[index] as MergedPart).key);
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

function writeBody(
  run: OperationRun,
  { head, variables, parts }: MergedDocument,
  waiting: readonly WaitingBatch[],
): string {
  let body = head + writeVariables(run, { variables });
  let separator = body.length === head.length ? '' : ',';
  for (let index = 0; index < waiting.length; index += 1) {
    const { batch } = waiting[index] as WaitingBatch;
    body += `${separator}${(parts[index] as MergedPart).before}${batch.texts.join(',')}]`;
    separator = ',';
  }
  return `${body}}}`;
}

function describeDocument(fetches: readonly PlannedFetch[], prefix: string): MergedDocument {
  const variables = new Map(
    fetches.flatMap((fetch) => fetch.variables).map((variable) => [variable.name, variable]),
  );
  return {
    head: `{"query":${JSON.stringify(writeDocument(fetches, prefix))},"variables":{`,
    variables: [...variables.values()],
    parts: fetches.map((_, index) => ({ before: `"${prefix}r${index}":[`, key: `${prefix}e${index}` })),
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
function takePart({ data, errors }: FetchResult, key: string): FetchResult {
  const entities = data && Object.hasOwn(data, key) ? data[key] : undefined;
  if (!errors) return { data: { _entities: entities } };
  const rootOf = ({ path }: SubgraphError): unknown => (Array.isArray(path) ? path[0] : undefined);
  const own = errors.filter((error) => rootOf(error) === key || rootOf(error) === undefined);
  if (!data) return { data: null, errors: own.length > 0 ? own : errors };
  return { data: { _entities: entities }, errors: own };
}
