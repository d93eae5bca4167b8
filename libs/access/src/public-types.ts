import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
} from 'graphql';
import { readSpecLinks } from './supergraph/spec-links.ts';

/** Tells whether `@public` on an object type opens a field of it. */
export type PublicReach = (type: string, field: FieldDefinitionNode) => boolean;

/**
 * Reads which fields of a supergraph `@public` on their type opens. Composition has merged the rule of one subgraph with fields of others and
 * does not say whose it was. So it opens only what is certainly of the same subgraph: the type has one `@join__type(graph:)`, and the field
 * has no `@join__field` of another or of none, as fields of an `@interfaceObject` do.
 *
 * @returns undefined for SDL of a subgraph, whose types are its own
 */
export function readPublicReach(sdl: DocumentNode): PublicReach | undefined {
  if (!isSupergraph(sdl)) return undefined;
  const graphs = readGraphsOfTypes(sdl);
  return (type, { directives = [] }) => {
    const [owner, ...others] = graphs.get(type) ?? [];
    return (
      owner !== undefined &&
      others.length === 0 &&
      directives
        .filter(({ name }) => name.value === 'join__field')
        .every((directive) => graphOf(directive) === owner)
    );
  };
}

/** An object type with `@public` that opens no field, since several subgraphs have the type. */
export type SharedPublicType = {
  type: string;
  /** As `join__Graph` names them. Empty where the supergraph names none (federation 1). */
  graphs: readonly string[];
  line: number | undefined;
};

/** Finds the types of a supergraph that have `@public` and are not of one subgraph alone. */
export function findSharedPublicTypes(supergraph: DocumentNode): SharedPublicType[] {
  if (!isSupergraph(supergraph)) return [];
  const graphs = readGraphsOfTypes(supergraph);
  return supergraph.definitions.filter(isObjectNode).flatMap(({ name, directives = [] }) => {
    const rule = directives.find((directive) => directive.name.value === 'public');
    const ofType = [...(graphs.get(name.value) ?? [])];
    if (rule === undefined || ofType.length === 1) return [];
    return [{ type: name.value, graphs: ofType, line: rule.loc?.startToken.line }];
  });
}

function isSupergraph(sdl: DocumentNode): boolean {
  return (
    sdl.definitions.some(
      (node) => node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph',
    ) || readSpecLinks(sdl).some(({ name }) => name === 'join')
  );
}

function readGraphsOfTypes({ definitions }: DocumentNode): ReadonlyMap<string, ReadonlySet<string>> {
  const graphs = new Map<string, Set<string>>();
  for (const { name, directives = [] } of definitions.filter(isObjectNode)) {
    const ofType = graphs.get(name.value) ?? new Set();
    for (const directive of directives.filter((one) => one.name.value === 'join__type')) {
      ofType.add(graphOf(directive) ?? '');
    }
    graphs.set(name.value, ofType);
  }
  return graphs;
}

function graphOf({ arguments: args = [] }: ConstDirectiveNode): string | undefined {
  const value = args.find(({ name }) => name.value === 'graph')?.value;
  return value?.kind === Kind.ENUM ? value.value : undefined;
}

function isObjectNode(
  node: DocumentNode['definitions'][number],
): node is ObjectTypeDefinitionNode | ObjectTypeExtensionNode {
  return node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION;
}
