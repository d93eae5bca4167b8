import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';

type Values = Readonly<Record<string, unknown>>;

/** The one operation in the document of a fetch. */
export function operationOf({ definitions }: DocumentNode): OperationDefinitionNode {
  const operation = definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (!operation) {
    throw new Error('A fetch holds no operation.');
  }
  return operation;
}

/** The keys of the fetch's root fields in its answer, without the fields that `@skip` and `@include` remove. */
export function rootKeysOf(document: DocumentNode, variables: Values = {}): string[] {
  const operation = operationOf(document);
  const values = { ...defaultsOf(operation), ...variables };
  const fragments = new Map(
    document.definitions
      .filter((node): node is FragmentDefinitionNode => node.kind === Kind.FRAGMENT_DEFINITION)
      .map((node) => [node.name.value, node.selectionSet]),
  );
  const fieldsOf = (set: SelectionSetNode | undefined): FieldNode[] =>
    (set?.selections ?? []).flatMap((node) => {
      if (!isSelected(node, values)) return [];
      if (node.kind === Kind.FIELD) return [node];
      return fieldsOf(
        node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments.get(node.name.value),
      );
    });
  const keys = fieldsOf(operation.selectionSet)
    .filter(({ name }) => name.value !== '__typename')
    .map(({ alias, name }) => (alias ?? name).value);
  return [...new Set(keys)];
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Values {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
    ),
  );
}

/** A condition without a known value counts as selected. */
function isSelected({ directives = [] }: SelectionNode, values: Values): boolean {
  return directives.every(({ name, arguments: args = [] }) => {
    const condition = args.find((argument) => argument.name.value === 'if')?.value;
    const value = condition && valueFromASTUntyped(condition, values);
    return name.value === 'skip' ? value !== true : name.value !== 'include' || value !== false;
  });
}
