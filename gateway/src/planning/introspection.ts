import {
  type DocumentNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';

/** Finds whether an operation asks for the schema (`__schema`, `__type`), and whether it asks for nothing else. */
export function findIntrospection(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): 'none' | 'only' | 'mixed' {
  let found: 'none' | 'only' = 'none';
  let hasData = false;
  for (const field of rootFieldsOf(document, operation)) {
    if (asksForSchema(field)) found = 'only';
    // `__typename` belongs to either part.
    else hasData ||= field.name.value !== '__typename';
  }
  return found === 'only' && hasData ? 'mixed' : found;
}

/**
 * Takes one part of an operation that asks for both: the schema or the data. The document stays the same otherwise. In
 * the data part, a field of the schema becomes a `__typename` under the same key, so that answers keep their order.
 */
export function takePart(
  part: 'schema' | 'data',
  document: DocumentNode,
  operation: OperationDefinitionNode,
): DocumentNode {
  const fields = rootFieldsOf(document, operation);
  return visit(document, {
    Field(field) {
      // Fields below a field are not root fields. Fragments are visited where they are defined.
      if (!fields.has(field)) return false;
      if (asksForSchema(field) === (part === 'schema')) return undefined;
      return part === 'schema' ? skip(asTypename(field)) : asTypename(field);
    },
  });
}

function asTypename({ alias, name, directives = [] }: FieldNode): FieldNode {
  return { kind: Kind.FIELD, alias: alias ?? name, name: nameNode('__typename'), directives };
}

function skip(field: FieldNode): FieldNode {
  const isTrue = { kind: Kind.BOOLEAN, value: true } as const;
  const whether = { kind: Kind.ARGUMENT, name: nameNode('if'), value: isTrue } as const;
  return {
    ...field,
    directives: [{ kind: Kind.DIRECTIVE, name: nameNode('skip'), arguments: [whether] }],
  };
}

function nameNode(value: string) {
  return { kind: Kind.NAME, value } as const;
}

function asksForSchema({ name }: FieldNode): boolean {
  return name.value === '__schema' || name.value === '__type';
}

/**
 * Finds the root fields of an operation, in fragments too. Each fragment is visited once, since fragments that spread
 * fragments double with each line.
 */
function rootFieldsOf(document: DocumentNode, operation: OperationDefinitionNode): ReadonlySet<FieldNode> {
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [],
    ),
  );
  const seen = new Set<SelectionSetNode>();
  const fields = new Set<FieldNode>();
  const look = (set: SelectionSetNode | undefined) => {
    if (!set || seen.has(set)) {
      return;
    }
    seen.add(set);
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) fields.add(selection);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) look(fragments.get(selection.name.value));
      else look(selection.selectionSet);
    }
  };
  look(operation.selectionSet);
  return fields;
}
