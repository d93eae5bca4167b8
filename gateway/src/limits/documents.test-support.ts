import { readFileSync } from 'node:fs';
import { supergraphPath, type Variant } from '@signet/schema/supergraph-files';
import { type DocumentNode, Kind, parse } from 'graphql';
import { readApiSchema } from '../../../schema/api-schema.test-support.ts';
import { type LimitConfig, limitFields } from '../config.ts';
import { readCostBook } from './cost-book.ts';
import { assertWithinLimits } from './operation-limits.ts';
import { assertSourceWithinLimits } from './source-limits.ts';

export const defaultLimits = Object.fromEntries(
  Object.entries(limitFields).map(([name, field]) => [name, field.parse(undefined)]),
) as LimitConfig;

const sdl = (variant: Variant) => readFileSync(supergraphPath(variant), 'utf8');
const book = readCostBook(parse(sdl('graph')));
const schema = readApiSchema(sdl('graph'));

export type Asked = {
  variables?: Record<string, unknown>;
  limits?: Partial<LimitConfig>;
  operationName?: string;
};

/** Text and document against the limits, as at an entrance with the whole schema. The last operation runs, unless another is named. */
export function check(text: string, { variables = {}, limits = {}, operationName }: Asked = {}) {
  const config = { ...defaultLimits, ...limits };
  assertSourceWithinLimits(text, config);
  return checkDocument(parse(text), { variables, limits, ...(operationName && { operationName }) });
}

export function checkDocument(
  document: DocumentNode,
  { variables = {}, limits = {}, operationName }: Asked = {},
) {
  const operation = document.definitions.findLast(
    (node) =>
      node.kind === Kind.OPERATION_DEFINITION && (!operationName || node.name?.value === operationName),
  );
  return assertWithinLimits(
    {
      schema,
      document,
      operation: operation?.kind === Kind.OPERATION_DEFINITION ? operation : undefined,
      variables,
    },
    book,
    { ...defaultLimits, ...limits },
  );
}

/** The text `unit` repeated with `%` as its number. */
export function repeat(count: number, unit: string, separator = ' '): string {
  return Array.from({ length: count }, (_, index) => unit.replaceAll('%', String(index))).join(separator);
}
