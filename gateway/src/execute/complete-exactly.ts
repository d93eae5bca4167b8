import {
  type GraphQLLeafType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { isObject, type JsonObject, read } from './answer-shape.ts';
import { AnswerSize } from './answer-size.ts';
import { createErrorPaths, type ErrorPaths, type Path } from './error-paths.ts';
import { type LeafCheck, leafCheckOf } from './leaf-values.ts';
import {
  type ConcreteType,
  findRuntimeType,
  type OperationSelection,
  type SelectedField,
} from './selection.ts';

/** A null that the subgraphs' errors do not explain. `gone`: they said that the entity does not exist. */
export type UnexplainedNull = { path: Path; why: 'invalid' | 'gone' };

export type ExactResult = { data: JsonObject | null; nulls: readonly UnexplainedNull[] };

export type ExactOptions = {
  schema: GraphQLSchema;
  selection: OperationSelection;
  /** Where errors stand already, in the client's response keys. */
  errorPaths: readonly Path[];
  /** Objects of which a subgraph said that there is no such entity. */
  gone: ReadonlySet<object>;
  /** Those of `gone` that a subgraph could not give since a field below failed, maybe one that was not asked of this object. */
  failed: ReadonlySet<object>;
  introspected: Readonly<Record<string, unknown>>;
  maxBytes: number;
};

/** Enough to see what is wrong. A page of lists could have thousands. */
const maxNulls = 500;
/** A null where none may be: the place above becomes null too. */
const propagate = Symbol('propagate');

/**
 * Completes a result by the rules of the specification (GraphQL spec 6.4.3, 6.4.4): values are of their types, and a null where none may
 * be makes the next place above null that may be. Each null that is neither the subgraphs' own nor explained by an error at, below or
 * above its place is reported.
 *
 * @throws {AnswerTooLargeError}
 */
export function completeExactly(data: JsonObject, options: ExactOptions): ExactResult {
  const { schema, selection, gone, failed, introspected } = options;
  const nulls: UnexplainedNull[] = [];
  const path: (string | number)[] = [];
  const size = new AnswerSize(options.maxBytes);
  const leafChecks = new Map<GraphQLLeafType, LeafCheck>();

  /** `place`: the errors at and below. `isExplained`: there is one above. */
  const report = (place: ErrorPaths | undefined, isExplained: boolean, why: UnexplainedNull['why']) => {
    if (!place && !isExplained && nulls.length < maxNulls) nulls.push({ path: [...path], why });
  };

  const completeObject = (
    object: JsonObject,
    type: ConcreteType,
    fields: readonly SelectedField[],
    place: ErrorPaths | undefined,
    isExplained: boolean,
  ): JsonObject | typeof propagate => {
    // Without a prototype, a response key `__proto__` is a key like any other.
    const result: JsonObject = Object.create(null);
    const isFailed = failed.has(object);
    const isGone = gone.has(object) && !isFailed;
    const known = nulls.length;
    for (const field of fields) {
      size.addPlace();
      path.push(field.key);
      const below = place?.below.get(field.key);
      const explained = isExplained || (below?.isError ?? false);
      let value: unknown;
      if (field.kind === 'introspection') {
        value = Object.hasOwn(introspected, field.key) ? introspected[field.key] : null;
      } else if (field.kind === 'typename') {
        if (isObjectType(type)) value = type.name;
        else {
          report(below, explained, 'invalid');
          value = propagate;
        }
      } else {
        value = complete(read(object, field.dataKey), field.type, field, below, explained, isGone);
      }
      path.pop();
      if (value === propagate) {
        // The field that failed is the reason, and what was lost with it is not of the answer.
        if (isFailed && (below || explained)) nulls.length = known;
        return propagate;
      }
      result[field.key] = value;
    }
    return result;
  };

  const complete = (
    value: unknown,
    type: GraphQLOutputType,
    field: SelectedField,
    place: ErrorPaths | undefined,
    isExplained: boolean,
    isGone: boolean,
  ): unknown => {
    if (isNonNullType(type)) {
      if (value === null || value === undefined) {
        report(place, isExplained, isGone ? 'gone' : 'invalid');
        return propagate;
      }
      const completed = completePresent(value, type.ofType, field, place, isExplained);
      return completed === null ? propagate : completed;
    }
    if (value === null) return null;
    if (value === undefined) {
      if (!isGone) report(place, isExplained, 'invalid');
      return null;
    }
    return completePresent(value, type, field, place, isExplained);
  };

  /** Null for a value that is not of its type, or that holds a null where none may be. */
  const completePresent = (
    value: unknown,
    type: GraphQLOutputType,
    field: SelectedField,
    place: ErrorPaths | undefined,
    isExplained: boolean,
  ): unknown => {
    const refuse = (why: UnexplainedNull['why'] = 'invalid') => {
      report(place, isExplained, why);
      return null;
    };
    if (isListType(type)) {
      return Array.isArray(value) ? completeList(value, type.ofType, field, place, isExplained) : refuse();
    }
    if (isLeafType(type)) {
      let check = leafChecks.get(type);
      if (!check) {
        check = leafCheckOf(type);
        leafChecks.set(type, check);
      }
      const checked = check(value) ?? refuse();
      size.addValue(checked);
      return checked;
    }
    if (!isObject(value)) return refuse();
    const runtimeType = isObjectType(type) ? type : findRuntimeType(schema, type, read(value, '__typename'));
    const fields = runtimeType && field.fieldsOf(runtimeType);
    // A subgraph that knows the object's type may have said that there is no such entity.
    if (!fields) return refuse(gone.has(value) ? 'gone' : 'invalid');
    const completed = completeObject(value, runtimeType, fields, place, isExplained);
    return completed === propagate ? null : completed;
  };

  const completeList = (
    values: readonly unknown[],
    itemType: GraphQLOutputType,
    field: SelectedField,
    place: ErrorPaths | undefined,
    isExplained: boolean,
  ): unknown[] | null => {
    const items: unknown[] = [];
    for (const [index, value] of values.entries()) {
      size.addPlace();
      path.push(index);
      const below = place?.below.get(index);
      const explained = isExplained || (below?.isError ?? false);
      const item = complete(value, itemType, field, below, explained, false);
      path.pop();
      if (item === propagate) return null;
      items.push(item);
    }
    return items;
  };

  const errorPaths = createErrorPaths(options.errorPaths);
  const completed = completeObject(data, selection.type, selection.fields, errorPaths, errorPaths.isError);
  return { data: completed === propagate ? null : completed, nulls };
}
