import {
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  visit,
} from 'graphql';

/** Operations with one thing less each: a selection, a directive, an argument, an alias, a fragment around selections. */
export function* smallerOperations(source: string): Generator<string> {
  const document = parse(source, { noLocation: true });
  for (let index = 0; ; index += 1) {
    const changed = changeAt(document, index);
    if (!changed) return;
    yield print(withoutUnused(changed));
  }
}

/** Makes the change with this number, in an order that takes large parts first. Undefined past the last. */
function changeAt(document: DocumentNode, index: number): DocumentNode | undefined {
  let left = index;
  let isChanged = false;
  const take = () => {
    if (isChanged) return false;
    isChanged = left === 0;
    left -= 1;
    return isChanged;
  };
  const result = visit(document, {
    SelectionSet(node) {
      if (isChanged) return false;
      for (const selection of node.selections) {
        const others = node.selections.filter((other) => other !== selection);
        if (others.length > 0 && take()) return { ...node, selections: others };
        const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet.selections : undefined;
        if (inner && take()) return { ...node, selections: [...others, ...inner] as SelectionNode[] };
        const fragment =
          selection.kind === Kind.FRAGMENT_SPREAD && fragmentOf(document, selection.name.value);
        if (fragment && take()) return { ...node, selections: [...others, fragment] };
      }
      return undefined;
    },
    Directive: () => (take() ? null : undefined),
    Argument: () => (take() ? null : undefined),
    ObjectField: () => (take() ? null : undefined),
    Field({ alias, ...node }) {
      return alias && take() ? node : undefined;
    },
    VariableDefinition({ defaultValue, ...node }) {
      return defaultValue && take() ? node : undefined;
    },
  });
  return isChanged ? result : undefined;
}

function fragmentOf(document: DocumentNode, name: string): SelectionNode | undefined {
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name) {
      const { typeCondition, selectionSet } = definition;
      return { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet };
    }
  }
  return undefined;
}

/** Without fragments and variables that nothing uses. */
function withoutUnused(document: DocumentNode): DocumentNode {
  for (let current = document; ; ) {
    const spreads = new Set<string>();
    const variables = new Set<string>();
    visit(current, {
      FragmentSpread: ({ name }) => void spreads.add(name.value),
      VariableDefinition: () => false,
      Variable: ({ name }) => void variables.add(name.value),
    });
    const definitions = current.definitions
      .filter((one) => one.kind !== Kind.FRAGMENT_DEFINITION || spreads.has(one.name.value))
      .map((one) =>
        one.kind === Kind.OPERATION_DEFINITION
          ? ({
              ...one,
              variableDefinitions: one.variableDefinitions?.filter(({ variable }) =>
                variables.has(variable.name.value),
              ),
            } as OperationDefinitionNode)
          : one,
      );
    const next = { ...current, definitions };
    if (print(next) === print(current)) return next;
    current = next;
  }
}
