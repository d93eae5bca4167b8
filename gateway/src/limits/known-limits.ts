import { RefusalError } from '@signet/service';
import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type ValueNode,
  visit,
} from 'graphql';
import type { LimitConfig } from '../config.ts';
import type { CostBook } from './cost-book.ts';
import { assertJsonWithinLimits, assertWithinLimits } from './operation-limits.ts';

type Variables = Readonly<Record<string, unknown>>;

/** The cost of a request for one operation; undefined where it is not within the limits, which `assertWithinLimits` refuses. */
export type KnownLimits = (variables: Variables, extensions: unknown) => number | undefined;

export type KnownLimitsOptions = {
  schema: GraphQLSchema;
  book: CostBook;
  config: LimitConfig;
  document: DocumentNode;
  operation: OperationDefinitionNode;
};

/** Page sizes are few, and so are the shapes of the inputs that a program sends with one operation. */
const maxShapes = 20;
/** A longer text is measured again each time. */
const maxShapeLength = 100;

/**
 * Remembers the measures of a document that is sent again and again. They depend on the document, on the page sizes among its variables, and
 * on which input fields have a value; so they are taken once for each shape of the variables. Only shapes within the limits are
 * remembered. What depends on the values themselves is counted for each request.
 */
export function createKnownLimits({
  schema,
  book,
  config,
  document,
  operation,
}: KnownLimitsOptions): KnownLimits {
  const names = declaredVariables(document);
  const pageSizes = pageSizeVariables(document, book);
  const passed = new Map<string, number>();
  const costOf = (variables: Variables): number | undefined =>
    accepted(() => assertWithinLimits({ schema, document, operation, variables }, book, config))?.cost;
  return (variables, extensions) => {
    const isSmall = accepted(() => {
      assertJsonWithinLimits(variables, config);
      assertJsonWithinLimits(extensions, config);
      return true;
    });
    if (!isSmall) return undefined;
    const shape = shapeOf(variables, names, pageSizes);
    const known = passed.get(shape);
    if (known !== undefined) return known;
    const cost = costOf(variables);
    if (cost !== undefined && shape.length <= maxShapeLength && passed.size < maxShapes)
      passed.set(shape, cost);
    return cost;
  };
}

function accepted<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof RefusalError) return undefined;
    throw error;
  }
}

/** Of all operations: those that do not run are measured with the values of the request too. */
function declaredVariables({ definitions }: DocumentNode): readonly string[] {
  const names = definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION
      ? (node.variableDefinitions ?? []).map(({ variable }) => variable.name.value)
      : [],
  );
  return [...new Set(names)];
}

/** The variables whose value may be the size of a page: they are the value of an argument that sets one somewhere in the schema. */
function pageSizeVariables(document: DocumentNode, { listSizes }: CostBook): ReadonlySet<string> {
  const sizing = new Set([...listSizes.values()].flatMap(({ slicingArguments }) => slicingArguments));
  const found = new Set<string>();
  visit(document, {
    Argument({ name, value }: { name: { value: string }; value: ValueNode }) {
      if (sizing.has(name.value) && value.kind === Kind.VARIABLE) found.add(value.name.value);
    },
  });
  return found;
}

/**
 * Writes down what the measures depend on: the value of a page size; of any other value whether there is one, how long its lists are, and
 * which fields its objects have. Two requests with the same text have the same measures.
 */
function shapeOf(variables: Variables, names: readonly string[], pageSizes: ReadonlySet<string>): string {
  let shape = '';
  for (const name of names) {
    if (!Object.hasOwn(variables, name)) {
      shape += '-;';
      continue;
    }
    const value = variables[name];
    shape += typeof value === 'number' && pageSizes.has(name) ? `${value};` : `${writeShape(value)};`;
  }
  return shape;
}

/** Limits bound the depth of a request's values. */
function writeShape(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return '+';
  if (Array.isArray(value)) return `[${value.map(writeShape).join()}]`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${writeShape(inner)}`)
    .join()}}`;
}
