import {
  type ConstDirectiveNode,
  type ConstObjectValueNode,
  type ConstValueNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type NameNode,
} from 'graphql';

/**
 * A supergraph with the directives that its subgraphs wrote: `@join__field(requires:)` as `@requires(fields:)`, and
 * `@join__field(contextArguments:)` as an argument with `@fromContext` (join specification 0.5).
 *
 * @returns undefined where no field reads another one
 */
export function withSubgraphDirectives(supergraph: DocumentNode): DocumentNode | undefined {
  let found = false;
  const definitions = supergraph.definitions.map((node): DefinitionNode => {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION)
      return node;
    const fields = (node.fields ?? []).map((field) => {
      const requires = joinArguments(field, 'requires').flatMap(readRequires);
      const args = joinArguments(field, 'contextArguments').flatMap(readContextArguments);
      if (requires.length === 0 && args.length === 0) return field;
      found = true;
      return {
        ...field,
        directives: [...(field.directives ?? []), ...requires],
        arguments: [...(field.arguments ?? []), ...args],
      };
    });
    return { ...node, fields };
  });
  return found ? { ...supergraph, definitions } : undefined;
}

function joinArguments({ directives = [] }: FieldDefinitionNode, argument: string): ConstValueNode[] {
  return directives
    .filter(({ name }) => name.value === 'join__field')
    .flatMap(({ arguments: args = [] }) => args.filter(({ name }) => name.value === argument))
    .map(({ value }) => value);
}

function readRequires(value: ConstValueNode): ConstDirectiveNode[] {
  return value.kind === Kind.STRING ? [directive('requires', 'fields', value.value)] : [];
}

/** `[{ context: "shop__c", name: "a", type: "Int", selection: "{ cost }" }]` */
function readContextArguments(value: ConstValueNode): InputValueDefinitionNode[] {
  const items = value.kind === Kind.LIST ? value.values : [];
  return items.flatMap((item): InputValueDefinitionNode[] => {
    if (item.kind !== Kind.OBJECT) return [];
    return [
      {
        kind: Kind.INPUT_VALUE_DEFINITION,
        name: named(textOf(item, 'name')),
        type: { kind: Kind.NAMED_TYPE, name: named('String') },
        directives: [
          directive('fromContext', 'field', `$${textOf(item, 'context')} ${textOf(item, 'selection')}`),
        ],
      },
    ];
  });
}

function directive(name: string, argument: string, text: string): ConstDirectiveNode {
  const value = { kind: Kind.STRING as const, value: text };
  return {
    kind: Kind.DIRECTIVE,
    name: named(name),
    arguments: [{ kind: Kind.ARGUMENT, name: named(argument), value }],
  };
}

function named(value: string): NameNode {
  return { kind: Kind.NAME, value };
}

function textOf(object: ConstObjectValueNode, name: string): string {
  const value = object.fields.find((field) => field.name.value === name)?.value;
  return value?.kind === Kind.STRING ? value.value : '';
}
