import { type DocumentNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';

/**
 * Whether an operation asks for the schema (`__schema`, `__type`), and for it alone. Each fragment is looked at once, since
 * fragments that spread fragments double with each line.
 */
export function findIntrospection(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): 'none' | 'only' | 'mixed' {
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [],
    ),
  );
  const seen = new Set<SelectionSetNode>();
  const found = { schema: false, data: false };
  const look = (set: SelectionSetNode | undefined) => {
    if (!set || seen.has(set)) {
      return;
    }
    seen.add(set);
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const { value: name } = selection.name;
        // `__typename` is at home in both.
        if (name === '__schema' || name === '__type') found.schema = true;
        else if (name !== '__typename') found.data = true;
      } else {
        look(
          selection.kind === Kind.FRAGMENT_SPREAD
            ? fragments.get(selection.name.value)
            : selection.selectionSet,
        );
      }
    }
  };
  look(operation.selectionSet);
  if (!found.schema) {
    return 'none';
  }
  return found.data ? 'mixed' : 'only';
}
