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
import { clientKeyOf } from './response-names.ts';

/**
 * Describes what went wrong in a run: first the subgraphs' own errors, then nulls that these do not explain. A subgraph's name stands in
 * `extensions.serviceName`: the error formatter trusts the texts and codes of subgraphs.
 */
export function describeErrors(
  errors: readonly PlacedError[],
  nulls: readonly UnexplainedNull[],
): GraphQLError[] {
  return [...errors.map(describe), ...nulls.map(describeNull)];
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
  const fragments = fragmentsOf(document);
  const known = new Map<string, number>();
  return (path) => {
    const keys = path.filter((element) => typeof element === 'string');
    const id = keys.join(' ');
    let count = known.get(id);
    if (count === undefined) {
      count = countKnown(keys, operation.selectionSet, fragments, prefix);
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

/** How many of the keys, one below the other, a document selects. */
function countKnown(
  keys: readonly string[],
  root: SelectionSetNode,
  fragments: Fragments,
  prefix: string | undefined,
): number {
  let sets: SelectionSetNode[] = [root];
  for (const [depth, key] of keys.entries()) {
    const below = findBelow(sets, key, fragments, prefix);
    if (!below) return depth;
    sets = below;
  }
  return keys.length;
}

/** The selection sets of the fields with a planned key. Undefined where there is no such field. */
function findBelow(
  sets: readonly SelectionSetNode[],
  key: string,
  fragments: Fragments,
  prefix: string | undefined,
): SelectionSetNode[] | undefined {
  const seen = new Set(sets);
  const below: SelectionSetNode[] = [];
  let isFound = false;
  for (const { selections } of seen) {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        if (!hasKey(selection, key, prefix)) continue;
        isFound = true;
        if (selection.selectionSet) below.push(selection.selectionSet);
      } else {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? selection.selectionSet
            : fragments.get(selection.name.value)?.selectionSet;
        if (inner) seen.add(inner);
      }
    }
  }
  return isFound ? below : undefined;
}

function hasKey({ alias, name }: FieldNode, plannedKey: string, prefix: string | undefined): boolean {
  const key = (alias ?? name).value;
  if (prefix === undefined) return key === plannedKey;
  return plannedKey.startsWith(prefix)
    ? prefix + key === plannedKey
    : key === name.value && key === plannedKey;
}
