import { type ConstDirectiveNode, type DocumentNode, type FieldDefinitionNode, Kind } from 'graphql';

/** What a subgraph's SDL says of fields. */
export type SubgraphFields = {
  fields: ReadonlyMap<string, ReadonlyMap<string, FieldDefinitionNode>>;
  /** Names of the types that carry `@context(name:)`, by context. */
  contexts: ReadonlyMap<string, readonly string[]>;
};

export function readFields(sdl: DocumentNode): SubgraphFields {
  const fields = new Map<string, Map<string, FieldDefinitionNode>>();
  const contexts = new Map<string, string[]>();
  for (const node of sdl.definitions) {
    if (!isComposite(node)) {
      continue;
    }
    const known = fields.get(node.name.value) ?? new Map<string, FieldDefinitionNode>();
    for (const field of 'fields' in node ? (node.fields ?? []) : []) {
      known.set(field.name.value, field);
    }
    fields.set(node.name.value, known);
    for (const directive of (node.directives ?? []).filter(({ name }) => name.value === 'context')) {
      const context = stringArgument(directive, 'name') ?? '';
      contexts.set(context, [...(contexts.get(context) ?? []), node.name.value]);
    }
  }
  return { fields, contexts };
}

/** Names of the object types behind each interface and each union, whichever subgraph says so. */
export function readObjectTypes(sdls: readonly DocumentNode[]): ReadonlyMap<string, ReadonlySet<string>> {
  const types = new Map<string, Set<string>>();
  const add = (name: string, type: string) => types.set(name, (types.get(name) ?? new Set()).add(type));
  for (const node of sdls.flatMap(({ definitions }) => definitions)) {
    if (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION) {
      for (const { name } of node.interfaces ?? []) add(name.value, node.name.value);
    }
    if (node.kind === Kind.UNION_TYPE_DEFINITION || node.kind === Kind.UNION_TYPE_EXTENSION) {
      for (const { name } of node.types ?? []) add(node.name.value, name.value);
    }
  }
  return types;
}

export function stringArgument(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

type Composite = Extract<
  DocumentNode['definitions'][number],
  { kind: `${'Object' | 'Interface' | 'Union'}Type${'Definition' | 'Extension'}` }
>;

const compositeKinds: readonly string[] = [
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.OBJECT_TYPE_EXTENSION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_EXTENSION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.UNION_TYPE_EXTENSION,
];

function isComposite(node: DocumentNode['definitions'][number]): node is Composite {
  return compositeKinds.includes(node.kind);
}
