import { createHash } from 'node:crypto';
import type { QueryPlan } from '@apollo/query-planner';
import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { DocumentFault, PlannedSchema, PlanningJob } from './planner.ts';
import type { PlanningOutcome, PlanningPool } from './planning-pool.ts';
import { createSegmentedCache } from './segmented-cache.ts';
import { createSingleFlight } from './single-flight.ts';

/** One operation of a parsed document, and who sends it. */
export type AskedOperation = {
  /** SHA-256 of the source. */
  hash: string;
  source: string;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** One of those who take turns. */
  caller: string;
};

export type Planned =
  /** `asksForSchema`: `introspect` has the rest of its answer. */
  { kind: 'planned'; plan: QueryPlan; asksForSchema?: true } | { kind: 'introspection' };
export type IntrospectedData = Readonly<Record<string, unknown>>;
export type Introspected = { kind: 'introspected'; data: IntrospectedData };
export type Unplanned =
  | { kind: 'invalid'; faults: readonly DocumentFault[] }
  /** It took too long, or too much. */
  | { kind: 'refused' }
  /** Too many others wait. Nothing is known of this operation. */
  | { kind: 'no-room' }
  | { kind: 'failed' };

export type OperationPlanner = {
  /** Validates and plans in a worker what is not known yet. */
  plan(asked: AskedOperation): Promise<Planned | Unplanned>;
  /** Answers what a planned operation asks of the schema. `variables` are coerced. */
  introspect(asked: AskedOperation, variables: Record<string, unknown>): Promise<Introspected | Unplanned>;
  /** The plan that `plan` gave for this very node. */
  planOf(operation: OperationDefinitionNode): QueryPlan | undefined;
  /** The document with this hash, once an operation of it has been planned. */
  documentOf(hash: string): DocumentNode | undefined;
};

export type OperationPlannerOptions = {
  pool: PlanningPool;
  schema: PlannedSchema;
  clock?: { now(): number };
  /** Hears of each operation that is refused for a minute, and of those that fail. */
  onRefused?(asked: AskedOperation, why: string): void;
};

/** Bytes, by estimate: documents and plans of one entrance. */
const maxKeptSize = 32 * 2 ** 20;
const maxAnswersSize = 8 * 2 ** 20;
/** What was found wrong with an operation is remembered: sending it again costs no worker. */
const refusalTtlMs = 60_000;
const maxRefusalsSize = 2 * 2 ** 20;
/** Of a kept text: the objects that are read from it. Measured at 2 to 4. */
const bytesPerCharacter = 4;

type KeptDocument = { document: DocumentNode; size: number; results: Map<string, Planned> };
/** With the bytes that keeping it takes. */
type Found = { result: Planned | Introspected | Unplanned; size: number };

/** Keeps what was planned for one entrance, remembers what was refused, and has the same operation planned once at a time. */
export function createOperationPlanner(options: OperationPlannerOptions): OperationPlanner {
  const { pool, schema, onRefused, clock = performance } = options;
  const documents = createSegmentedCache<KeptDocument>({ maxSize: maxKeptSize });
  const answers = createSegmentedCache<Introspected>({ maxSize: maxAnswersSize });
  const refusals = new LRUCache<string, Unplanned>({
    maxSize: maxRefusalsSize,
    ttl: refusalTtlMs,
    ttlResolution: 0,
    perf: clock,
  });
  const plans = new WeakMap<OperationDefinitionNode, Planned>();
  const share = createSingleFlight<Found['result']>({ isOwn: ({ kind }) => kind !== 'no-room' });
  pool.add(schema);

  const ask = (
    key: string,
    asked: AskedOperation,
    introspection: PlanningJob['introspection'],
    keep: (found: Found) => void,
  ) =>
    share(key, asked.caller, async () => {
      const operationName = asked.operation.name?.value;
      const job = { schema: schema.name, source: asked.source, operationName };
      const outcome = await pool.run(introspection ? { ...job, introspection } : job, asked.caller);
      const found = read(outcome);
      const { result } = found;
      if (result.kind === 'refused' || result.kind === 'failed') {
        onRefused?.(
          asked,
          'message' in outcome ? outcome.message : 'found' in outcome ? outcome.found : outcome.kind,
        );
      }
      if (result.kind === 'invalid' || result.kind === 'refused') {
        refusals.set(key, result, { size: found.size });
      }
      keep(found);
      return result;
    });
  const keepDocument = ({ hash, document }: AskedOperation, name: string, { result, size }: Found) => {
    if (result.kind !== 'planned' && result.kind !== 'introspection') {
      return;
    }
    const kept = documents.get(hash) ?? { document, size: 0, results: new Map() };
    kept.results.set(name, result);
    kept.size += size;
    documents.set(hash, kept, kept.size);
  };
  return {
    planOf(operation) {
      const planned = plans.get(operation);
      return planned?.kind === 'planned' ? planned.plan : undefined;
    },
    documentOf: (hash) => documents.get(hash)?.document,
    async plan(asked) {
      const name = asked.operation.name?.value ?? '';
      const key = `${asked.hash} ${name}`;
      const result =
        plans.get(asked.operation) ??
        // Parsed anew while another request had the same planned.
        documents.get(asked.hash)?.results.get(name) ??
        refusals.get(key) ??
        (await ask(key, asked, undefined, (found) => keepDocument(asked, name, found)));
      if (result.kind === 'planned' || result.kind === 'introspection') {
        plans.set(asked.operation, result);
      }
      return result as Planned | Unplanned;
    },
    async introspect(asked, variables) {
      const values = createHash('sha256').update(JSON.stringify(variables)).digest('base64url');
      const key = `${asked.hash} ${asked.operation.name?.value ?? ''} ${values}`;
      const result =
        answers.get(key) ??
        refusals.get(key) ??
        (await ask(key, asked, { variables }, ({ result, size }) => {
          if (result.kind === 'introspected') answers.set(key, result, size);
        }));
      return result as Introspected | Unplanned;
    },
  };
}

function read(outcome: PlanningOutcome): Found {
  switch (outcome.kind) {
    case 'planned': {
      const plan = JSON.parse(outcome.plan) as QueryPlan;
      const size = outcome.documentSize + outcome.plan.length * bytesPerCharacter;
      const { asksForSchema } = outcome;
      return { result: { kind: 'planned', plan, ...(asksForSchema && { asksForSchema }) }, size };
    }
    case 'introspection':
      return { result: { kind: 'introspection' }, size: outcome.documentSize };
    case 'introspected':
      return {
        result: { kind: 'introspected', data: JSON.parse(outcome.data) },
        size: outcome.data.length * bytesPerCharacter,
      };
    case 'invalid': {
      const { faults } = outcome;
      const lengths = faults.map(({ message, positions }) => message.length * 2 + positions.length * 8);
      return {
        result: { kind: 'invalid', faults },
        size: lengths.reduce((sum, length) => sum + length, 200),
      };
    }
    case 'stopped':
    case 'died':
    case 'too-large':
      return { result: { kind: 'refused' }, size: 200 };
    default:
      return { result: { kind: outcome.kind }, size: 200 };
  }
}
