import type { Platform } from '@signet/schema/contract';
import { Kind, parse, type SelectionSetNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { FieldPlatforms } from '../access/field-platforms.ts';

/** Where a query goes: to the process of a platform, or to that of its entities' type. */
type Target = Platform | 'entities';
export type Fetch = { query: string; variables: Record<string, unknown> | undefined };

const maxKnownFetches = 1000;
/** Clients choose the literals of a fetch: without a limit, long texts would fill the memory. */
const maxKnownLength = 4000;

/**
 * Finds the platform of a fetch to auth: that of its root fields, or, for entities, that of their type. `user` where the
 * schema names none, since the process of that platform owns customers.
 */
export function createFetchPlatform(platforms: FieldPlatforms): (fetch: Fetch) => Platform {
  const known = new LRUCache<string, Target>({ max: maxKnownFetches });
  return ({ query, variables }) => {
    let target = known.get(query);
    if (!target) {
      target = findTarget(query, platforms);
      if (query.length <= maxKnownLength) {
        known.set(query, target);
      }
    }
    return target === 'entities' ? (platforms.get(entityTypeOf(variables)) ?? 'user') : target;
  };
}

function findTarget(query: string, platforms: FieldPlatforms): Target {
  const fields = rootFields(query);
  if (fields.includes('Query._entities')) {
    return 'entities';
  }
  return fields.map((field) => platforms.get(field)).find((found) => found !== undefined) ?? 'user';
}

/** All entities of a fetch stand at one place of the graph, so that the first one's type decides. */
function entityTypeOf(variables: Fetch['variables']): string {
  const representations = variables?.representations;
  const [first] = Array.isArray(representations) ? (representations as { __typename?: unknown }[]) : [];
  return String(first?.__typename);
}

/** `Query.me`, `Mutation.login`: in fragments too, which the planner makes of `@include` and `@skip`. */
function rootFields(query: string): string[] {
  const { definitions } = parse(query, { noLocation: true });
  const fragments = new Map(
    definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [],
    ),
  );
  const fieldsOf = (set: SelectionSetNode | undefined): string[] =>
    (set?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection.name.value];
      return fieldsOf(
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : fragments.get(selection.name.value),
      );
    });
  return definitions.flatMap((node) => {
    if (node.kind !== Kind.OPERATION_DEFINITION) return [];
    const type = node.operation === 'mutation' ? 'Mutation' : 'Query';
    return fieldsOf(node.selectionSet).map((field) => `${type}.${field}`);
  });
}
