import { createHash } from 'node:crypto';
import type { QueryPlan } from '@apollo/query-planner';
import { inSpan } from '@signet/telemetry/tracing';
import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { RequestTelemetry } from '../telemetry/request-telemetry.ts';
import { dropTokens } from './drop-tokens.ts';
import type { DocumentFault, PlannedSchema, PlanningJob } from './planner.ts';
import type { PlanningOutcome, PlanningPool } from './planning-pool.ts';
import { createSegmentedCache } from './segmented-cache.ts';
import { createSingleFlight } from './single-flight.ts';

/** One operation of a parsed document, and its caller. */
export type AskedOperation = {
  /** SHA-256 of `source`. */
  hash: string;
  source: string;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** The caller that takes turns with others. */
  caller: string;
  /** Learns where the plan came from, and how long that took. */
  telemetry?: Pick<RequestTelemetry, 'plan' | 'planMs' | 'span'> | undefined;
};

export type Planned<P> =
  /** `asksForSchema`: `introspect` returns the rest of the answer. */
  { kind: 'planned'; plan: P; asksForSchema?: true } | { kind: 'introspection' };
export type IntrospectedData = Readonly<Record<string, unknown>>;
export type Introspected = { kind: 'introspected'; data: IntrospectedData };
export type Unplanned =
  | { kind: 'invalid'; faults: readonly DocumentFault[] }
  /** It took too much time or memory. */
  | { kind: 'refused' }
  /** Too many others wait. This says nothing about the operation. */
  | { kind: 'no-room' }
  | { kind: 'failed' };

/** `P` is what plans are compiled to. */
export type OperationPlanner<P> = {
  /** Resolves when a worker has loaded the schema, and rejects when none can. */
  ready: Promise<void>;
  /** Validates and plans an operation in a worker, unless its result is known. */
  plan(asked: AskedOperation): Promise<Planned<P> | Unplanned>;
  /** Answers the part of a planned operation that asks for the schema. `variables` are coerced. */
  introspect(asked: AskedOperation, variables: Record<string, unknown>): Promise<Introspected | Unplanned>;
  /** The plan that `plan` returned for this very node. */
  planOf(operation: OperationDefinitionNode): P | undefined;
  /** The document with this hash, once an operation of it has been planned. */
  documentOf(hash: string): DocumentNode | undefined;
  /** The same by the text, which is faster than its hash. */
  documentOfText(text: string): DocumentNode | undefined;
  /** Has the workers forget the schema. No operation may be under way. */
  stop(): void;
};

export type OperationPlannerOptions<P> = {
  pool: Pick<PlanningPool, 'add' | 'remove' | 'run'>;
  schema: PlannedSchema;
  /** Compiles the plan of an operation, once. Where it throws, the operation has failed. */
  compile(plan: QueryPlan, asked: Pick<AskedOperation, 'document' | 'operation'>): P;
  clock?: { now(): number };
  /** Called for each operation that is refused for the next minute, and for each that fails. */
  onRefused?(asked: AskedOperation, why: string): void;
};

/** The most that documents and compiled plans of one entrance may take, in estimated bytes: some 1,800 small operations. */
const maxKeptSize = 32 * 2 ** 20;
/** The most that plans as text may take: those of some 10,000 small operations, to be compiled again without a worker. */
const maxTextsSize = 12 * 2 ** 20;
const maxAnswersSize = 8 * 2 ** 20;
/** Faults of an operation are remembered for this time, so that sending it again costs no worker. */
const refusalTtlMs = 60_000;
const maxRefusalsSize = 2 * 2 ** 20;
/** Parsed objects take this many bytes for each character of their text. Measured at 2 to 4. */
const bytesPerCharacter = 4;
/** A compiled plan, with the shapes and the completion of its answers, for each character of the plan. Measured at 33 to 49. */
const bytesPerPlanCharacter = 45;
/** What any operation takes beside its document and its plan. Measured at 5 to 7 KB. */
const bytesPerOperation = 6000;

type KeptDocument<P> = {
  source: string;
  document: DocumentNode;
  size: number;
  results: Map<string, Planned<P>>;
};
type PlannedText = Extract<PlanningOutcome, { kind: 'planned' }>;
/** A result, and the bytes that it takes to keep it. */
type Found<P> = { result: Planned<P> | Introspected | Unplanned; size: number };

/**
 * Keeps the plans of one entrance, remembers refusals, and plans the same operation once at a time. Plans are in a
 * segmented cache, since anybody can send any number of operations once.
 */
export function createOperationPlanner<P>(options: OperationPlannerOptions<P>): OperationPlanner<P> {
  const { pool, schema, compile, onRefused, clock = performance } = options;
  /** By the texts of the documents that are kept. */
  const hashes = new Map<string, string>();
  const documents = createSegmentedCache<KeptDocument<P>>({
    maxSize: maxKeptSize,
    onDrop: (_hash, { source }) => hashes.delete(source),
  });
  /** Plans of operations whose documents may have been pushed out. By the same keys as refusals. */
  const texts = new LRUCache<string, PlannedText>({ maxSize: maxTextsSize });
  const answers = createSegmentedCache<Introspected>({ maxSize: maxAnswersSize });
  const refusals = new LRUCache<string, Unplanned>({
    maxSize: maxRefusalsSize,
    ttl: refusalTtlMs,
    ttlResolution: 0,
    perf: clock,
  });
  const plans = new WeakMap<OperationDefinitionNode, Planned<P>>();
  const share = createSingleFlight<Found<P>['result']>({ isOwn: ({ kind }) => kind !== 'no-room' });
  const ready = pool.add(schema);
  // A fault reaches those who await it.
  ready.catch(() => {});

  const ask = (
    key: string,
    asked: AskedOperation,
    introspection: PlanningJob['introspection'],
    keep: (found: Found<P>) => void,
  ) =>
    share(key, asked.caller, async () => {
      const operationName = asked.operation.name?.value;
      const job = { schema: schema.name, source: asked.source, operationName };
      const outcome = await pool.run(introspection ? { ...job, introspection } : job, asked.caller);
      if (outcome.kind === 'planned')
        texts.set(key, outcome, { size: key.length + outcome.plan.length + 300 });
      const found = read(outcome, (plan) => compile(plan, asked));
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
  const keepDocument = (asked: AskedOperation, name: string, { result, size }: Found<P>) => {
    const { hash, source, document } = asked;
    if (result.kind !== 'planned' && result.kind !== 'introspection') {
      return;
    }
    if (!documents.get(hash)) dropTokens(document);
    const kept = documents.get(hash) ?? { source, document, size: 0, results: new Map() };
    kept.results.set(name, result);
    kept.size += size + bytesPerOperation;
    hashes.set(kept.source, hash);
    documents.set(hash, kept, kept.size);
  };
  /** For an operation that was planned and has been pushed out. */
  const compileAgain = (key: string, asked: AskedOperation, name: string) => {
    const text = texts.get(key);
    if (!text) return undefined;
    const found = read(text, (plan) => compile(plan, asked));
    keepDocument(asked, name, found);
    return found.result;
  };
  return {
    ready,
    stop: () => pool.remove(schema),
    planOf(operation) {
      const planned = plans.get(operation);
      return planned?.kind === 'planned' ? planned.plan : undefined;
    },
    documentOf: (hash) => documents.get(hash)?.document,
    documentOfText(text) {
      const hash = hashes.get(text);
      return hash === undefined ? undefined : documents.get(hash)?.document;
    },
    async plan(asked) {
      const startedAt = performance.now();
      const name = asked.operation.name?.value ?? '';
      const key = `${asked.hash} ${name}`;
      // The document: this request parsed it while another had the same operation planned.
      const hit = plans.get(asked.operation) ?? documents.get(asked.hash)?.results.get(name);
      const again = hit ? undefined : compileAgain(key, asked, name);
      const refusal = hit || again ? undefined : refusals.get(key);
      const result =
        hit ??
        again ??
        refusal ??
        (await inSpan(asked.telemetry?.span, 'plan an operation', () =>
          ask(key, asked, undefined, (found) => keepDocument(asked, name, found)),
        ));
      if (result.kind === 'planned' || result.kind === 'introspection') {
        plans.set(asked.operation, result);
      }
      if (asked.telemetry) {
        asked.telemetry.plan = hit ? 'hit' : again ? 'text' : refusal ? 'refused' : 'miss';
        asked.telemetry.planMs = performance.now() - startedAt;
      }
      return result as Planned<P> | Unplanned;
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

function read<P>(outcome: PlanningOutcome, compile: (plan: QueryPlan) => P): Found<P> {
  switch (outcome.kind) {
    case 'planned': {
      const plan = compile(JSON.parse(outcome.plan) as QueryPlan);
      const size = outcome.documentSize + outcome.plan.length * bytesPerPlanCharacter;
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
