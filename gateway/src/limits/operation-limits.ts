import { RefusalError, withHttpStatus } from '@signet/service';
import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type ValueNode,
} from 'graphql';
import type { LimitConfig } from '../config.ts';
import type { OperationCheck } from '../entrance/operation-plugins.ts';
import type { CostBook } from './cost-book.ts';
import { type Measures, measureDocument } from './measure-document.ts';
import { refuseExcess } from './refuse-excess.ts';

export type LimitedRequest = {
  schema: GraphQLSchema;
  document: DocumentNode;
  /** The operation that runs. Undefined where none has the name. */
  operation: OperationDefinitionNode | undefined;
  variables: Readonly<Record<string, unknown>>;
  extensions?: unknown;
};

/**
 * Checks the document against the limits. Every operation must be within them, since all are validated. Only the one
 * that runs has a cost.
 *
 * @returns the measures of the operation that runs.
 * @throws {RefusalError} `request.limit.*`, for the first limit that is exceeded.
 */
export function assertWithinLimits(
  { schema, document, operation, variables, extensions }: LimitedRequest,
  book: CostBook,
  config: LimitConfig,
): Measures | undefined {
  assertJsonWithinLimits(variables, config);
  assertJsonWithinLimits(extensions, config);
  const { definitions } = document;
  const countOf = (kind: Kind) => definitions.filter((node) => node.kind === kind).length;
  refuseExcess(config, 'LIMIT_OPERATIONS', countOf(Kind.OPERATION_DEFINITION));
  refuseExcess(config, 'LIMIT_FRAGMENTS', countOf(Kind.FRAGMENT_DEFINITION));
  let directives = 0;
  const measured = measureDocument(document, {
    schema,
    book,
    operation,
    variables,
    onDirectives(count) {
      refuseExcess(config, 'LIMIT_DIRECTIVES_PER_FIELD', count);
      directives += count;
    },
    onValue: (value) => assertLiteralWithinLimits(value, config),
    onPageSize: (size) => refuseExcess(config, 'LIMIT_LIST_SIZE', size),
  });
  refuseExcess(config, 'LIMIT_DIRECTIVES', directives);
  for (const [node, measures] of measured) {
    refuseExcess(config, 'LIMIT_DEPTH', measures.depth);
    refuseExcess(config, 'LIMIT_FIELDS', measures.fields);
    refuseExcess(config, 'LIMIT_ROOT_FIELDS', measures.ownFields);
    refuseExcess(config, 'LIMIT_ALIASES', measures.aliases);
    refuseExcess(config, 'LIMIT_INTROSPECTION', measures.introspection);
    if (node.operation === 'mutation' && measures.ownCredentials > 1) {
      throw new RefusalError('request.limit.credentials');
    }
    if (node === operation) {
      refuseExcess(config, 'LIMIT_COST', measures.cost);
    }
  }
  return operation && measured.get(operation);
}

export { type LimitConfig, limitFields } from '../config.ts';
export { createSourceCheck, registerSourceLimits, type SourceCheck } from './source-limits.ts';

/** Checks a parsed operation against the limits, with the costs of the supergraph. */
export function createLimitsCheck(book: CostBook, config: LimitConfig): OperationCheck {
  return ({ schema, document, operation, request, contextValue: { telemetry } }) =>
    withHttpStatus(() => {
      const measures = assertWithinLimits(
        {
          schema,
          document,
          // Undefined where no operation has the name, which Apollo's types leave out.
          operation: operation as typeof operation | undefined,
          variables: request.variables ?? {},
          extensions: request.extensions,
        },
        book,
        config,
      );
      if (telemetry) telemetry.cost = measures?.cost;
    });
}

/**
 * Checks the lists and objects in a request's JSON. Not recursive, since it protects the recursive functions after it
 * from deep values. The number of values bounds what follows as well: graphql-js writes an object out, with all of its members, for
 * each fault that it finds in it.
 *
 * @throws {RefusalError} `request.limit.list_size`, `request.limit.input_depth`, `request.limit.input_values`.
 */
export function assertJsonWithinLimits(json: unknown, config: LimitConfig): void {
  const open: { value: unknown; depth: number }[] = [{ value: json, depth: 0 }];
  let values = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) refuseExcess(config, 'LIMIT_LIST_SIZE', value.length);
    refuseExcess(config, 'LIMIT_INPUT_DEPTH', depth, { isAtLeast: true });
    const inside = Array.isArray(value) ? value : Object.values(value);
    values += inside.length;
    refuseExcess(config, 'LIMIT_INPUT_VALUES', values, { isAtLeast: true });
    for (const inner of inside) {
      open.push({ value: inner, depth: depth + 1 });
    }
  }
}

/**
 * Checks the lists and objects that are written into the document. LIMIT_NESTING bounds how deep this recurses.
 *
 * @throws {RefusalError} `request.limit.list_size`, `request.limit.input_depth`.
 */
export function assertLiteralWithinLimits(value: ValueNode, config: LimitConfig, depth = 1): void {
  if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) {
    return;
  }
  refuseExcess(config, 'LIMIT_INPUT_DEPTH', depth, { isAtLeast: true });
  if (value.kind === Kind.LIST) {
    refuseExcess(config, 'LIMIT_LIST_SIZE', value.values.length);
    for (const item of value.values) assertLiteralWithinLimits(item, config, depth + 1);
  } else {
    for (const field of value.fields) assertLiteralWithinLimits(field.value, config, depth + 1);
  }
}
