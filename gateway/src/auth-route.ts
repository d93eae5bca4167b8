import { isPlatform, type Platform } from '@signet/schema/contract';
import { type DocumentNode, Kind, type ObjectTypeDefinitionNode, parse } from 'graphql';

type Fetch = { query: string; variables: Record<string, unknown> | undefined };

const maxKnownFetches = 1000;

/**
 * Decides which of the two auth processes a fetch goes to: by the `@tag` of its root fields in the supergraph, for
 * entities by the tag of their type. Untagged: the user process, which owns customers.
 */
export function createAuthRoute(
  supergraph: DocumentNode,
  urls: Readonly<Record<Platform, string>>,
): (fetch: Fetch) => string {
  if (urls.user === urls.portal) {
    return () => urls.user;
  }
  const platformOf = readTags(supergraph);
  const known = new Map<string, Platform>();
  return ({ query, variables }) => {
    const representations = variables?.representations;
    if (Array.isArray(representations)) {
      return urls[
        platformOf.get(String((representations[0] as { __typename?: unknown })?.__typename)) ?? 'user'
      ];
    }
    let platform = known.get(query);
    if (!platform) {
      platform =
        rootFields(query)
          .map((field) => platformOf.get(field))
          .find((found) => found !== undefined) ?? 'user';
      if (known.size >= maxKnownFetches) {
        known.clear();
      }
      known.set(query, platform);
    }
    return urls[platform];
  };
}

/** Platform by `Query.me`, `Mutation.login` and by the names of tagged types. */
function readTags(supergraph: DocumentNode): ReadonlyMap<string, Platform> {
  const tags = new Map<string, Platform>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) {
      continue;
    }
    for (const [coordinate, node] of coordinatesOf(definition)) {
      const platform = node.directives
        ?.filter((directive) => directive.name.value === 'tag')
        .flatMap((directive) => directive.arguments ?? [])
        .map((argument) => (argument.value.kind === Kind.STRING ? argument.value.value : undefined))
        .find(isPlatform);
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

function rootFields(query: string): string[] {
  return parse(query, { noLocation: true }).definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) {
      return [];
    }
    const type = definition.operation === 'mutation' ? 'Mutation' : 'Query';
    return definition.selectionSet.selections.flatMap((selection) =>
      selection.kind === Kind.FIELD ? [`${type}.${selection.name.value}`] : [],
    );
  });
}
