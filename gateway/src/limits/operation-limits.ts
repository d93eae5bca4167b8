import { RefusalError } from '@signet/service';
import { type DocumentNode, type GraphQLSchema, Kind, type OperationDefinitionNode } from 'graphql';
import type { LimitConfig } from './config.ts';
import type { CostBook } from './cost-book.ts';
import { assertJsonWithinLimits, assertLiteralWithinLimits } from './input-limits.ts';
import { measureDocument } from './measure-document.ts';
import type { Measures } from './measures.ts';
import { refuseExcess } from './refuse-excess.ts';

export type LimitedRequest = {
  schema: GraphQLSchema;
  document: DocumentNode;
  /** The one that is to run, where there is one of that name. */
  operation: OperationDefinitionNode | undefined;
  variables: Readonly<Record<string, unknown>>;
  extensions?: unknown;
};

/**
 * Every operation of the document must be within the limits, whichever runs: all of them are validated. Only the one that runs costs.
 *
 * @returns what the operation comes to.
 * @throws {RefusalError} `request.limit.*`, the first limit that is passed.
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
