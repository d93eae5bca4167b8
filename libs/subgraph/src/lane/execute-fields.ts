import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isNonNullType,
  locatedError,
  type OperationDefinitionNode,
  responsePathAsArray,
} from 'graphql';
import type { Complete } from './complete-values.ts';

/** One run of a compiled query. */
export type Execution = {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly variableValues: Readonly<Record<string, unknown>>;
  readonly context: unknown;
  readonly rootValue?: unknown;
  readonly errors: CollectedErrors;
};

export type Path = GraphQLResolveInfo['path'];

/** All that is the same each time a field runs. */
export type ExecutedField = {
  readonly key: string;
  /** What is written before its value: bracket or comma, name, colon. */
  readonly before: string;
  readonly name: string;
  readonly nodes: readonly FieldNode[];
  readonly parentType: GraphQLObjectType;
  readonly type: GraphQLOutputType;
  /** Undefined: graphql-js's default, the property of the name. */
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  /** Makes an object for each call, which a resolver may change. Undefined: the field has no arguments. */
  readonly readArguments:
    | ((variableValues: Execution['variableValues']) => Record<string, unknown>)
    | undefined;
  /** Of `__typename`. */
  readonly fixedText: string | undefined;
  readonly complete: Complete;
};

/**
 * A value as JSON, or the pieces of its text: to put those of a list together would take a microtask that graphql-js does not take, and which of
 * two errors comes first would differ.
 */
export type Text = string | null | readonly Text[];
/** A completed value; null is none. */
export type Completed = string | null | Promise<Text>;

/** Errors of fields, in the order in which they were found. */
export class CollectedErrors {
  readonly all: GraphQLError[] = [];
  readonly #places = new Set<Path | undefined>();

  /** Of a place that is null already, because of an error at it or above it, no more is told. */
  add(error: GraphQLError, place: Path | undefined): void {
    for (let above = place; above; above = above.prev) if (this.#places.has(above)) return;
    if (this.#places.has(undefined)) return;
    this.#places.add(place);
    this.all.push(error);
  }
}

/** Runs the fields of an object. Throws, or rejects with, the error of a field that must not be null. */
export function executeFields(
  execution: Execution,
  fields: readonly ExecutedField[],
  source: unknown,
  path: Path | undefined,
): string | Promise<string> {
  let text = '';
  let parts: (string | Promise<Text>)[] | undefined;
  try {
    for (const field of fields) {
      const completed = executeField(execution, field, source, path);
      if (typeof completed === 'object' && completed !== null) {
        parts ??= [];
        parts.push(text + field.before, completed);
        text = '';
      } else text += field.before + completed;
    }
  } catch (error) {
    if (!parts) throw error;
    // Those under way may fail as well, and nobody else waits for them.
    return join(parts).finally(() => {
      throw error;
    });
  }
  if (!parts) return `${text || '{'}}`;
  parts.push(`${text}}`);
  return join(parts);
}

function join(parts: readonly (string | Promise<Text>)[]): Promise<string> {
  return Promise.all(parts).then(writeText);
}

export function writeText(text: Text): string {
  if (typeof text === 'string') return text;
  if (text === null) return 'null';
  let all = '';
  for (const part of text) all += writeText(part);
  return all;
}

function executeField(
  execution: Execution,
  field: ExecutedField,
  source: unknown,
  prev: Path | undefined,
): Completed {
  if (field.fixedText !== undefined) return field.fixedText;
  // An object for itself: an error notes its place by it, and what is below refers to it.
  const path = { prev, key: field.key, typename: field.parentType.name };
  try {
    const result = resolve(execution, field, source, path);
    const completed = isPromise(result)
      ? result.then((value) => field.complete(execution, field, path, value))
      : field.complete(execution, field, path, result);
    return isPromise(completed)
      ? completed.then(undefined, (error) => fail(execution, field, field.type, path, error))
      : completed;
  } catch (error) {
    return fail(execution, field, field.type, path, error);
  }
}

function resolve(execution: Execution, field: ExecutedField, source: unknown, path: Path): unknown {
  const given = field.readArguments?.(execution.variableValues);
  if (field.resolve) {
    return field.resolve(source, given ?? {}, execution.context, createInfo(execution, field, path));
  }
  if ((typeof source !== 'object' || source === null) && typeof source !== 'function') return undefined;
  const holder = source as Record<string, unknown>;
  const value = holder[field.name];
  if (typeof value !== 'function') return value;
  const method = holder[field.name] as (...values: unknown[]) => unknown;
  return method.call(source, given ?? {}, execution.context, createInfo(execution, field, path));
}

/** `path`: the field's own, not that of an item of its list. */
export function createInfo(execution: Execution, field: ExecutedField, path: Path): GraphQLResolveInfo {
  return {
    fieldName: field.name,
    fieldNodes: field.nodes,
    returnType: field.type,
    parentType: field.parentType,
    path,
    schema: execution.schema,
    fragments: execution.fragments,
    rootValue: execution.rootValue,
    operation: execution.operation,
    variableValues: execution.variableValues,
  };
}

/** Null, with the error told of; throws the error where there must be no null. */
export function fail(
  { errors }: Execution,
  { nodes }: ExecutedField,
  type: GraphQLOutputType,
  path: Path,
  cause: unknown,
): null {
  const error = locatedError(cause, nodes, responsePathAsArray(path));
  if (isNonNullType(type)) throw error;
  errors.add(error, path);
  return null;
}

/** As graphql-js sees it: whatever has a `then`. */
export function isPromise<T>(value: T | PromiseLike<T>): value is Promise<T> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as PromiseLike<T>).then === 'function'
  );
}
