import { internalErrorText } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { isObject } from './answer-shape.ts';
import type { UnexplainedNull } from './complete-exactly.ts';
import type { Path } from './error-paths.ts';
import type { PlacedError } from './fetch-errors.ts';
import { type Fragments, fragmentsOf } from './fragments.ts';
import { clientKeyOf, type KeyNumbers, numberKeys, ownKeyOf } from './response-names.ts';

/**
 * Describes what went wrong in a run: first the subgraphs' own errors, then nulls that these do not explain. A subgraph's name stands in
 * `extensions.serviceName`: the error formatter trusts the texts and codes of subgraphs.
 */
export function describeErrors(
  errors: readonly PlacedError[],
  nulls: readonly UnexplainedNull[],
): GraphQLError[] {
  const { stackTraceLimit } = Error;
  // There may be thousands, and where they are described says nothing about them.
  Error.stackTraceLimit = 0;
  try {
    return [...errors.map(describe), ...nulls.map(describeNull)];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function describe({ error, subgraph, path }: PlacedError): GraphQLError {
  return new GraphQLError(typeof error.message === 'string' ? error.message : '', {
    ...(path && { path }),
    extensions: { ...(isObject(error.extensions) && error.extensions), serviceName: subgraph },
  });
}

function describeNull({ path, why }: UnexplainedNull): GraphQLError {
  if (why === 'gone') {
    const refusal = new RefusalError('object.not_found');
    const { message, extensions } = refusal;
    return new GraphQLError(message, { path, originalError: refusal, extensions });
  }
  // Some subgraph's fault, which the log has.
  return new GraphQLError(internalErrorText, {
    path,
    extensions: { code: 'INTERNAL_SERVER_ERROR', serviceName: '' },
  });
}

/**
 * Gives places of the result the client's response keys. A path is cut where it leaves the client's document: planning asks for more, and
 * its names are nobody's business.
 */
export function createPathReader(
  { document, operation }: { document: DocumentNode; operation: OperationDefinitionNode },
  prefix: string | undefined,
): (path: Path) => Path {
  const belowOf = createBelowReader(fragmentsOf(document), prefix, numberKeys(document));
  const known = new Map<string, number>();
  return (path) => {
    const keys = path.filter((element) => typeof element === 'string');
    const id = keys.join(' ');
    let count = known.get(id);
    if (count === undefined) {
      count = countKnown(keys, operation.selectionSet, belowOf);
      known.set(id, count);
    }
    let seen = 0;
    const end = path.findIndex((element) => typeof element === 'string' && ++seen > count);
    return (end < 0 ? path : path.slice(0, end)).map((element) =>
      typeof element === 'string' ? clientKeyOf(element, prefix) : element,
    );
  };
}

/**
 * Whether a field at a path is part of an answer, or would be if it were not null. A subgraph that knows no types of an interface may fail at
 * a field that the client asked of other types.
 */
export function isOfAnswer(path: Path, data: unknown): boolean {
  let value = data;
  for (const element of path) {
    if (typeof value !== 'object' || value === null) return true;
    if (!Object.hasOwn(value, element)) return false;
    value = (value as Record<string | number, unknown>)[element];
  }
  return true;
}

/** By planned key, what a selection set selects below its fields. */
type Below = ReadonlyMap<string, readonly SelectionSetNode[]>;

/** How many of the keys, one below the other, a document selects. */
function countKnown(
  keys: readonly string[],
  root: SelectionSetNode,
  belowOf: (set: SelectionSetNode) => Below,
): number {
  let sets: readonly SelectionSetNode[] = [root];
  for (const [depth, key] of keys.entries()) {
    const below = sets.map((set) => belowOf(set).get(key)).filter((found) => found !== undefined);
    if (below.length === 0) return depth;
    sets = below.flat();
  }
  return keys.length;
}

/** Reads each selection set once: a fetch that failed may stand for thousands of fields of one set. */
function createBelowReader(
  fragments: Fragments,
  prefix: string | undefined,
  numberOf: KeyNumbers,
): (set: SelectionSetNode) => Below {
  const known = new Map<SelectionSetNode, Below>();
  return (set) => {
    const found =
      known.get(set) ?? readBelow(set, fragments, (field) => plannedKeysOf(field, prefix, numberOf));
    known.set(set, found);
    return found;
  };
}

function readBelow(
  set: SelectionSetNode,
  fragments: Fragments,
  keysOf: (field: FieldNode) => readonly string[],
): Below {
  const below = new Map<string, SelectionSetNode[]>();
  const seen = new Set([set]);
  for (const { selections } of seen) {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        for (const key of keysOf(selection)) {
          const sets = below.get(key) ?? [];
          if (selection.selectionSet) sets.push(selection.selectionSet);
          below.set(key, sets);
        }
      } else {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? selection.selectionSet
            : fragments.get(selection.name.value)?.selectionSet;
        if (inner) seen.add(inner);
      }
    }
  }
  return below;
}

/** A field without an alias may stand under its name as well. */
function plannedKeysOf(
  field: FieldNode,
  prefix: string | undefined,
  numberOf: KeyNumbers,
): readonly string[] {
  const key = (field.alias ?? field.name).value;
  if (prefix === undefined) return [key];
  const own = ownKeyOf(field, prefix, numberOf);
  return key === field.name.value ? [own, key] : [own];
}
