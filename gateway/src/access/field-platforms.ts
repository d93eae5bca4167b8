import type { Platform } from '@signet/schema/contract';
import { platformNamedBy } from '@signet/schema/platform-tags';
import { type DocumentNode, Kind, type ObjectTypeDefinitionNode } from 'graphql';

/** Platforms by field (`Query.me`) and by object type (`StaffMember`), where the schema names one there. */
export type FieldPlatforms = ReadonlyMap<string, Platform>;

/** Reads `@platform` and `@tag` of object types and their fields. Only the whole supergraph has them: a contract has lost its tags. */
export function readFieldPlatforms(supergraph: DocumentNode): FieldPlatforms {
  const platforms = new Map<string, Platform>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const [coordinate, node] of coordinatesOf(definition)) {
      const platform = node.directives?.map(platformNamedBy).find((named) => named !== undefined);
      if (platform) platforms.set(coordinate, platform);
    }
  }
  return platforms;
}

function coordinatesOf(type: ObjectTypeDefinitionNode) {
  const fields = (type.fields ?? []).map(
    (field) => [`${type.name.value}.${field.name.value}`, field] as const,
  );
  return [[type.name.value, type] as const, ...fields];
}
