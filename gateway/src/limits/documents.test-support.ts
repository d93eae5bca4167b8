import { type DocumentNode, Kind, parse } from 'graphql';
import { readApiSchema } from '../../../schema/api-schema.test-support.ts';
import { type LimitConfig, limitFields } from '../config.ts';
import { shopSupergraph } from '../entrance/shop-graph.test-support.ts';
import { readCostBook } from './cost-book.ts';
import { assertWithinLimits } from './operation-limits.ts';
import { assertSourceWithinLimits } from './source-limits.ts';

export const defaultLimits = Object.fromEntries(
  Object.entries(limitFields).map(([name, field]) => [name, field.parse(undefined)]),
) as LimitConfig;

const shop = readGraph(shopSupergraph('graph'));

/** What the limits read of a supergraph. */
export function readGraph(supergraph: string) {
  return { schema: readApiSchema(supergraph), book: readCostBook(parse(supergraph)) };
}

export type Asked = {
  /** Without it, that of shop-graph.test-support.ts. */
  graph?: ReturnType<typeof readGraph>;
  variables?: Record<string, unknown>;
  limits?: Partial<LimitConfig>;
  operationName?: string;
};

/** Text and document against the limits, as at an entrance with the whole schema. The last operation runs, unless another is named. */
export function check(text: string, asked: Asked = {}) {
  assertSourceWithinLimits(text, { ...defaultLimits, ...asked.limits });
  return checkDocument(parse(text), asked);
}

export function checkDocument(
  document: DocumentNode,
  { graph = shop, variables = {}, limits = {}, operationName }: Asked = {},
) {
  const operation = document.definitions.findLast(
    (node) =>
      node.kind === Kind.OPERATION_DEFINITION && (!operationName || node.name?.value === operationName),
  );
  return assertWithinLimits(
    {
      schema: graph.schema,
      document,
      operation: operation?.kind === Kind.OPERATION_DEFINITION ? operation : undefined,
      variables,
    },
    graph.book,
    { ...defaultLimits, ...limits },
  );
}

/** The text `unit` repeated with `%` as its number. */
export function repeat(count: number, unit: string, separator = ' '): string {
  return Array.from({ length: count }, (_, index) => unit.replaceAll('%', String(index))).join(separator);
}
