import {
  buildASTSchema,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type NamedTypeNode,
  type TypeNode,
  visit,
} from 'graphql';
import { type EntityKey, readEntityKeys } from './entity-keys.ts';

/** What execution needs to know of the types of a supergraph, those that clients can't see included. */
export type SupergraphTypes = {
  isObject(type: string): boolean;
  /** Whether it is the name of an object type or an interface. */
  hasFields(type: string): boolean;
  /** Whether an object of `type` is also of `condition`, the name of any type. An interface may be either. */
  isSubtype(condition: string, type: string): boolean;
  /** The keys by which a subgraph finds an object of `type`, as one of any type that it is of. */
  keysOf(subgraph: string, type: string): readonly EntityKey[];
};

export function readSupergraphTypes(supergraph: DocumentNode): SupergraphTypes {
  const objects = new Set<string>();
  const interfaces = new Set<string>();
  const subtypes = new Map<string, Set<string>>();
  const add = (supertype: string, type: string) => {
    const known = subtypes.get(supertype);
    if (known) known.add(type);
    else subtypes.set(supertype, new Set([type]));
  };
  for (const definition of supergraph.definitions) {
    if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) objects.add(definition.name.value);
    if (definition.kind === Kind.INTERFACE_TYPE_DEFINITION) interfaces.add(definition.name.value);
    if (definition.kind === Kind.UNION_TYPE_DEFINITION) {
      for (const member of definition.types ?? []) add(definition.name.value, member.name.value);
    }
    if (
      definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
      definition.kind === Kind.INTERFACE_TYPE_DEFINITION
    ) {
      for (const supertype of definition.interfaces ?? []) add(supertype.name.value, definition.name.value);
    }
  }
  const keys = readEntityKeys(supergraph);
  const isSubtype = (condition: string, type: string) =>
    condition === type || (subtypes.get(condition)?.has(type) ?? false);
  return {
    isObject: (type) => objects.has(type),
    hasFields: (type) => objects.has(type) || interfaces.has(type),
    isSubtype,
    keysOf: (subgraph, type) =>
      [type, ...subtypes.keys()]
        .filter((condition) => isSubtype(condition, type))
        .flatMap((condition) => keys.get(`${subgraph} ${condition}`) ?? []),
  };
}

/**
 * Builds the schema that clients see: without what is marked `@inaccessible`, and without the types of the specifications that the
 * supergraph is written with (join, link and the like; https://specs.apollo.dev).
 */
export function buildApiSchema(supergraph: DocumentNode): GraphQLSchema {
  const isOfSpecification = findSpecifications(supergraph);
  const hidden = new Set(
    supergraph.definitions.flatMap((node) =>
      'name' in node && node.name && (isOfSpecification(node.name.value) || isInaccessible(node))
        ? [node.name.value]
        : [],
    ),
  );
  const isHidden = (node: { directives?: readonly ConstDirectiveNode[] | undefined; type?: TypeNode }) =>
    isInaccessible(node) || (node.type !== undefined && hidden.has(nameOf(node.type)));
  const visible = (types: readonly NamedTypeNode[] = []) =>
    types.filter(({ name }) => !hidden.has(name.value));
  const definitions = supergraph.definitions.filter(
    (node) =>
      node.kind !== Kind.DIRECTIVE_DEFINITION &&
      !('name' in node && node.name && hidden.has(node.name.value)),
  );
  const document = visit(
    { ...supergraph, definitions },
    {
      FieldDefinition: (node) => (isHidden(node) ? null : undefined),
      InputValueDefinition: (node) => (isHidden(node) ? null : undefined),
      EnumValueDefinition: (node) => (isHidden(node) ? null : undefined),
      Directive: ({ name }) => (keptDirectives.has(name.value) ? undefined : null),
      UnionTypeDefinition: (node) => ({ ...node, types: visible(node.types) }),
      ObjectTypeDefinition: { leave: (node) => ({ ...node, interfaces: visible(node.interfaces) }) },
      InterfaceTypeDefinition: { leave: (node) => ({ ...node, interfaces: visible(node.interfaces) }) },
    },
  );
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  for (const node of supergraph.definitions) {
    if (node.kind !== Kind.INTERFACE_TYPE_DEFINITION || !node.directives?.some(isOfInterfaceObject)) continue;
    const type = schema.getType(node.name.value);
    if (type) type.extensions = { ...type.extensions, [interfaceObject]: true };
  }
  return schema;
}

/** Marks an interface that a subgraph knows as an object (`@interfaceObject`). */
export const interfaceObject = 'isInterfaceObject';

function isOfInterfaceObject({ arguments: args = [] }: ConstDirectiveNode): boolean {
  return args.some(
    ({ name, value }) => name.value === interfaceObject && value.kind === Kind.BOOLEAN && value.value,
  );
}

const keptDirectives = new Set(['deprecated', 'specifiedBy', 'oneOf']);

type Annotated = { directives?: readonly ConstDirectiveNode[] | undefined };

function isInaccessible(node: object): boolean {
  return (node as Annotated).directives?.some(({ name }) => name.value === 'inaccessible') ?? false;
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}

/** Finds the names of types that belong to a linked specification: `join__Graph`, or what a link imports. */
function findSpecifications({ definitions }: DocumentNode): (type: string) => boolean {
  const prefixes: string[] = [];
  const imported = new Set<string>();
  for (const definition of definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const { name, arguments: args = [] } of definition.directives ?? []) {
      if (name.value !== 'link' && name.value !== 'core') continue;
      for (const { name: argument, value } of args) {
        if (value.kind === Kind.STRING) {
          if (argument.value === 'as') prefixes.push(`${value.value}__`);
          const [, specification] = /\/([^/]+)\/v[^/]+$/.exec(value.value) ?? [];
          if (specification) prefixes.push(`${specification}__`);
        }
        if (argument.value === 'import' && value.kind === Kind.LIST) {
          for (const item of value.values) {
            for (const text of textsOf(item)) if (!text.startsWith('@')) imported.add(text);
          }
        }
      }
    }
  }
  return (type) => imported.has(type) || prefixes.some((prefix) => type.startsWith(prefix));
}

/** `"FieldSet"`, or the `as` of `{ name: "FieldSet", as: "F" }`, or its name without one. */
function textsOf(item: { kind: string; value?: unknown; fields?: readonly unknown[] }): string[] {
  if (item.kind === Kind.STRING) return [String(item.value)];
  if (item.kind !== Kind.OBJECT) return [];
  const fields = new Map(
    (item.fields as { name: { value: string }; value: { value?: unknown } }[]).map(({ name, value }) => [
      name.value,
      value.value,
    ]),
  );
  return [String(fields.get('as') ?? fields.get('name'))];
}
