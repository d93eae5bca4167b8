import { quoteJson } from '@signet/service';
import {
  defaultTypeResolver,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLLeafType,
  type GraphQLOutputType,
} from 'graphql';
import {
  type Completed,
  createInfo,
  type ExecutedField,
  type Execution,
  executeFields,
  fail,
  isPromise,
  type Path,
  type Text,
  writeText,
} from './execute-fields.ts';

/**
 * Completes the value of a field, or of an item of its list (GraphQL specification, section 6.4.3). Throws, or rejects with, what its place
 * must tell of.
 */
export type Complete = (execution: Execution, field: ExecutedField, path: Path, value: unknown) => Completed;

export function completeNonNull(complete: Complete): Complete {
  return (execution, field, path, value) => {
    const completed = complete(execution, field, path, value);
    if (completed !== null) return completed;
    throw new Error(`Cannot return null for non-nullable field ${field.parentType.name}.${field.name}.`);
  };
}

export function completeList(itemType: GraphQLOutputType, complete: Complete): Complete {
  const completeItem: Complete = (execution, field, path, item) => {
    try {
      const completed = isPromise(item)
        ? item.then((value) => complete(execution, field, path, value))
        : complete(execution, field, path, item);
      return isPromise(completed)
        ? completed.then(undefined, (error) => fail(execution, field, itemType, path, error))
        : completed;
    } catch (error) {
      return fail(execution, field, itemType, path, error);
    }
  };
  return (execution, field, path, value) => {
    if (!isThere(value)) return null;
    if (!isIterable(value)) {
      throw new GraphQLError(
        `Expected Iterable, but did not find one for field "${field.parentType.name}.${field.name}".`,
      );
    }
    const items: Completed[] = [];
    let hasPromise = false;
    try {
      for (const item of value) {
        const itemPath = { prev: path, key: items.length, typename: undefined };
        const completed = completeItem(execution, field, itemPath, item);
        hasPromise ||= isPromise(completed);
        items.push(completed);
      }
    } catch (error) {
      // Those under way may fail as well. Nobody waits for them, and an unhandled rejection ends the process.
      for (const item of items) if (isPromise(item)) item.catch(() => {});
      throw error;
    }
    return hasPromise ? Promise.all(separate(items)) : writeText(separate(items as Text[]));
  };
}

function separate<T>(items: readonly T[]): (T | string)[] {
  const parts: (T | string)[] = ['['];
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(',');
    parts.push(item);
  }
  parts.push(']');
  return parts;
}

export function completeLeaf(type: GraphQLLeafType): Complete {
  return (_execution, _field, _path, value) => {
    if (!isThere(value)) return null;
    const serialized: unknown = type.serialize(value);
    if (typeof serialized === 'string') return quoteJson(serialized);
    if (typeof serialized === 'number' || typeof serialized === 'boolean') return `${serialized}`;
    throw new Error(`${type.name} has serialized a value as ${typeof serialized}.`);
  };
}

export function completeAbstract(
  type: GraphQLAbstractType,
  fieldsByType: ReadonlyMap<string, readonly ExecutedField[]>,
): Complete {
  const completeAs = (
    execution: Execution,
    field: ExecutedField,
    path: Path,
    value: unknown,
    name: unknown,
  ): Completed => {
    const fields = typeof name === 'string' ? fieldsByType.get(name) : undefined;
    if (fields) return executeFields(execution, fields, value, path);
    const place = `${field.parentType.name}.${field.name}`;
    throw new GraphQLError(
      name === null || name === undefined
        ? `Abstract type "${type.name}" must resolve to an Object type at runtime for field "${place}". Either the "${type.name}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`
        : `Abstract type "${type.name}" was resolved to "${name}" for field "${place}", which is not one of its types.`,
    );
  };
  return (execution, field, path, value) => {
    if (!isThere(value)) return null;
    const resolveType = type.resolveType ?? defaultTypeResolver;
    const info = createInfo(execution, field, ownPath(path));
    const name = resolveType(value, execution.context, info, type);
    return isPromise(name)
      ? name.then((resolved) => completeAs(execution, field, path, value, resolved))
      : completeAs(execution, field, path, value, name);
  };
}

/** Whether there is a value. Throws one that is an error. */
export function isThere<T>(value: T): value is T & {} {
  if (value instanceof Error) throw value;
  return value !== null && value !== undefined;
}

function ownPath(path: Path): Path {
  let own = path;
  while (typeof own.key === 'number' && own.prev) own = own.prev;
  return own;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
