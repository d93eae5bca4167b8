import type { Platform } from '@signet/schema/contract';
import { platformNamedBy } from '@signet/schema/platform-tags';
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  getNamedType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** By `Query.portalMe` and by the names of types: the platforms to whose entrance alone the schema shows them. */
export type PlatformFields = ReadonlyMap<string, ReadonlySet<Platform>>;

/** Reads `@platform(is: PORTAL)` and `@tag(name: "portal")` in a subgraph's SDL, as the contracts of the entrances do. */
export function readPlatformFields(typeDefs: DocumentNode): PlatformFields {
  const found = new Map<string, Set<Platform>>();
  const note = (coordinate: string, directives: readonly ConstDirectiveNode[] | undefined) => {
    for (const platform of (directives ?? []).flatMap((directive) => platformNamedBy(directive) ?? [])) {
      found.set(coordinate, (found.get(coordinate) ?? new Set()).add(platform));
    }
  };
  for (const definition of typeDefs.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.OBJECT_TYPE_EXTENSION) {
      continue;
    }
    note(definition.name.value, definition.directives);
    for (const field of definition.fields ?? []) {
      note(`${definition.name.value}.${field.name.value}`, field.directives);
    }
  }
  return found;
}

/** The platforms that own anything which a valid document names: fields, and types that it selects from. */
export function findPlatforms(
  document: DocumentNode,
  schema: GraphQLSchema,
  fields: PlatformFields,
): ReadonlySet<Platform> {
  const platforms = new Set<Platform>();
  const add = (coordinate: string) => {
    for (const platform of fields.get(coordinate) ?? []) platforms.add(platform);
  };
  const typeInfo = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field({ name }) {
        const owner = typeInfo.getParentType();
        if (owner) {
          add(owner.name);
          add(`${owner.name}.${name.value}`);
        }
        const type = getNamedType(typeInfo.getType());
        if (type) add(type.name);
      },
      InlineFragment: ({ typeCondition }) => typeCondition && add(typeCondition.name.value),
      FragmentDefinition: ({ typeCondition }) => add(typeCondition.name.value),
    }),
  );
  return platforms;
}
