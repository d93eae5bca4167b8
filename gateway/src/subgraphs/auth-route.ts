import type { Platform } from '@signet/schema/contract';
import { platformNamedBy } from '@signet/schema/platform-tags';
import {
  type DocumentNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql';

/** Where a query goes: to a platform's process, or to the one that its entities' type names. */
type Target = Platform | 'entities';
export type Fetch = { query: string; variables: Record<string, unknown> | undefined };

const maxKnownFetches = 1000;
const maxKnownLength = 4000;

/** Decides which of the two auth processes a fetch goes to: that of its platform. */
export function createAuthRoute(
  supergraph: DocumentNode,
  urls: Readonly<Record<Platform, string>>,
): (fetch: Fetch) => string {
  if (urls.user === urls.portal) {
    return () => urls.user;
  }
  const platformOf = createFetchPlatform(supergraph);
  return (fetch) => urls[platformOf(fetch)];
}

/**
 * Tells the platform of a fetch to auth: by the `@platform` or `@tag` of its root fields in the supergraph, for entities by
 * that of their type. Without one: user, whose process owns customers.
 */
export function createFetchPlatform(supergraph: DocumentNode): (fetch: Fetch) => Platform {
  const platformOf = readTags(supergraph);
  const known = new Map<string, Target>();
  return ({ query, variables }) => {
    let target = known.get(query);
    if (!target) {
      target = findTarget(query, platformOf);
      if (known.size >= maxKnownFetches) {
        known.clear();
      }
      // Clients choose what literals a fetch holds: texts of any length would fill the memory.
      if (query.length <= maxKnownLength) {
        known.set(query, target);
      }
    }
    return target === 'entities' ? (platformOf.get(entityTypeOf(variables)) ?? 'user') : target;
  };
}

function findTarget(query: string, platformOf: ReadonlyMap<string, Platform>): Target {
  const fields = rootFields(query);
  if (fields.includes('Query._entities')) {
    return 'entities';
  }
  return fields.map((field) => platformOf.get(field)).find((found) => found !== undefined) ?? 'user';
}

/** A fetch asks for entities of one type, or of types that lie at one place of the graph. */
function entityTypeOf(variables: Fetch['variables']): string {
  const representations = variables?.representations;
  const [first] = Array.isArray(representations) ? (representations as { __typename?: unknown }[]) : [];
  return String(first?.__typename);
}

/** Platform by `Query.me`, `Mutation.login` and by the names of tagged types. */
function readTags(supergraph: DocumentNode): ReadonlyMap<string, Platform> {
  const tags = new Map<string, Platform>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) {
      continue;
    }
    for (const [coordinate, node] of coordinatesOf(definition)) {
      const platform = node.directives?.map(platformNamedBy).find((named) => named !== undefined);
      if (platform) {
        tags.set(coordinate, platform);
      }
    }
  }
  return tags;
}

function coordinatesOf(type: ObjectTypeDefinitionNode) {
  const fields = (type.fields ?? []).map(
    (field) => [`${type.name.value}.${field.name.value}`, field] as const,
  );
  return [[type.name.value, type] as const, ...fields];
}

/** `Query.me`, `Mutation.login`: inside fragments too, which the planner makes of `@include` and `@skip`. */
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
