import { readElementNames } from '@signet/access';
import {
  buildASTSchema,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type NamedTypeNode,
  type TypeDefinitionNode,
} from 'graphql';

/** A change that breaks clients, or may: as GraphQL Inspector judges it. */
export type SchemaChange = { path: string; message: string; isBreaking: boolean };

/** Compares what clients see of two supergraphs. Changes that break no client are left out. */
export async function findBreakingChanges(
  before: DocumentNode,
  after: DocumentNode,
): Promise<SchemaChange[]> {
  const { CriticalityLevel, diff } = await import('@graphql-inspector/core');
  const changes = await diff(readApiSchema(before), readApiSchema(after));
  return changes
    .filter(({ criticality }) => criticality.level !== CriticalityLevel.NonBreaking)
    .map(({ path = '', message, criticality }) => ({
      path,
      message,
      isBreaking: criticality.level === CriticalityLevel.Breaking,
    }))
    .sort((a, b) => Number(b.isBreaking) - Number(a.isBreaking) || (a.path < b.path ? -1 : 1));
}

/** Directives that clients see. */
const clientDirectives = ['deprecated', 'specifiedBy', 'oneOf'];

/** The API schema of a supergraph: without the parts of specifications, and without what is inaccessible. */
export function readApiSchema(supergraph: DocumentNode): GraphQLSchema {
  const { isHidden, isOfSpecification } = readElementNames(supergraph);
  const isShown = (node: { directives?: readonly ConstDirectiveNode[] | undefined }) =>
    !isHidden(node.directives);
  const hiddenTypes = new Set(
    supergraph.definitions.flatMap((node) =>
      'name' in node && node.name && 'directives' in node && !isShown(node as never) ? [node.name.value] : [],
    ),
  );
  const shownTypes = <N extends NamedTypeNode>(types: readonly N[] | undefined) =>
    (types ?? []).filter(({ name }) => !hiddenTypes.has(name.value));
  const strip = <N extends { directives?: readonly ConstDirectiveNode[] | undefined }>(node: N): N => ({
    ...node,
    directives: (node.directives ?? []).filter(({ name }) => clientDirectives.includes(name.value)),
  });
  const shown = <N extends TypeDefinitionNode>(node: N, parts: Partial<N>): DefinitionNode[] =>
    hiddenTypes.has(node.name.value) || isOfSpecification(node.name.value)
      ? []
      : [{ ...strip(node), ...parts }];
  const definitions = supergraph.definitions.flatMap((node): DefinitionNode[] => {
    switch (node.kind) {
      case Kind.SCHEMA_DEFINITION:
        return [strip(node)];
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_DEFINITION:
        return shown(node, {
          interfaces: shownTypes(node.interfaces),
          fields: (node.fields ?? []).filter(isShown).map((field) => ({
            ...strip(field),
            arguments: (field.arguments ?? []).filter(isShown).map(strip),
          })),
        });
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        return shown(node, { fields: (node.fields ?? []).filter(isShown).map(strip) });
      case Kind.ENUM_TYPE_DEFINITION:
        return shown(node, { values: (node.values ?? []).filter(isShown).map(strip) });
      case Kind.UNION_TYPE_DEFINITION:
        return shown(node, { types: shownTypes(node.types) });
      case Kind.SCALAR_TYPE_DEFINITION:
        return shown(node, {});
      default:
        return []; // Definitions of directives. A supergraph has no extensions.
    }
  });
  return buildASTSchema({ kind: Kind.DOCUMENT, definitions }, { assumeValid: true });
}
