import {
  type ConstDirectiveNode,
  type FieldDefinitionNode,
  Kind,
  type NamedTypeNode,
  parse,
  type SelectionSetNode,
  type TypeNode,
} from 'graphql';
import { type Condition, implies } from '../conditions.ts';
import { conditionsOf, type RuleBook } from '../rule-book.ts';
import type { AccessFault, ReadSubgraph } from './access-fault.ts';
import { mergeBooks } from './merge-books.ts';
import { readFields, readObjectTypes, type SubgraphFields, stringArgument } from './read-fields.ts';

/**
 * Fields that read other fields (`@requires`, `@provides`, `@fromContext`) under a weaker rule than those have: the router
 * fetches what they read without asking, so whoever may have the field would have a part of what he may not.
 */
export function findDependencyFaults(subgraphs: readonly ReadSubgraph[]): AccessFault[] {
  const all = mergeBooks(subgraphs.map(({ book }) => book));
  const objectTypes = readObjectTypes(subgraphs.map(({ sdl }) => sdl));
  return subgraphs.flatMap((subgraph) => {
    const schema = { ...readFields(subgraph.sdl), objectTypes };
    return [...schema.fields].flatMap(([type, fields]) =>
      [...fields.values()].flatMap((field) =>
        dependenciesOf(schema, type, field).flatMap(({ directive, coordinates }) =>
          coordinates.flatMap((read) =>
            describe({ all, subgraph: subgraph.name, type, field: field.name.value, directive, read }),
          ),
        ),
      ),
    );
  });
}

type Dependency = {
  all: RuleBook;
  subgraph: string;
  type: string;
  field: string;
  directive: string;
  read: string;
};

function describe({ all, subgraph, type, field, directive, read }: Dependency): AccessFault[] {
  const [readType = '', readField = ''] = read.split('.');
  const given = conditionsOf(all, type, field) ?? [];
  const wanted = conditionsOf(all, readType, readField) ?? [];
  const missing = wanted.filter((condition) => !implies(given, condition));
  return missing.length === 0
    ? []
    : [
        {
          coordinate: `${type}.${field}`,
          subgraph,
          fault: `has a weaker rule than ${read}, which it reads by @${directive} (${missing.map(nameOf).join(', ')})`,
        },
      ];
}

function nameOf(condition: Condition): string {
  return condition.kind === 'platform' ? `platform ${condition.is}` : condition.kind;
}

type Schema = SubgraphFields & { objectTypes: ReadonlyMap<string, ReadonlySet<string>> };

function dependenciesOf(schema: Schema, type: string, field: FieldDefinitionNode) {
  const own = (field.directives ?? []).flatMap((directive) => {
    const selection = stringArgument(directive, 'fields');
    if (selection === undefined) {
      return [];
    }
    if (directive.name.value === 'requires') {
      return [
        {
          directive: 'requires',
          coordinates: coordinatesIn(schema, type, parseSelection(`{ ${selection} }`)),
        },
      ];
    }
    if (directive.name.value === 'provides') {
      return [
        {
          directive: 'provides',
          coordinates: coordinatesIn(schema, namedType(field.type), parseSelection(`{ ${selection} }`)),
        },
      ];
    }
    return [];
  });
  return [
    ...own,
    ...(field.arguments ?? []).flatMap((argument) =>
      (argument.directives ?? []).flatMap((directive) => fromContext(schema, directive)),
    ),
  ];
}

/** `@fromContext(field: "$name { selection }")`, or with a type condition for each type of the context. */
function fromContext(schema: Schema, directive: ConstDirectiveNode) {
  const [, context, selection] =
    /^\s*\$(\w+)\s*(\{[\s\S]*\}|\.\.\.[\s\S]*)$/.exec(stringArgument(directive, 'field') ?? '') ?? [];
  if (directive.name.value !== 'fromContext' || !context || !selection) {
    return [];
  }
  const set = parseSelection(selection.startsWith('{') ? selection : `{ ${selection} }`);
  return (schema.contexts.get(context) ?? []).map((type) => ({
    directive: 'fromContext',
    coordinates: coordinatesIn(schema, type, set),
  }));
}

function coordinatesIn(schema: Schema, type: string, set: SelectionSetNode): string[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) {
      const field = schema.fields.get(type)?.get(selection.name.value);
      const below =
        field && selection.selectionSet
          ? coordinatesIn(schema, namedType(field.type), selection.selectionSet)
          : [];
      // The rules are on the implementations; each of them may be what is read.
      const owners = schema.objectTypes.get(type) ?? [type];
      return [...[...owners].map((owner) => `${owner}.${selection.name.value}`), ...below];
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return coordinatesIn(schema, selection.typeCondition?.name.value ?? type, selection.selectionSet);
    }
    return [];
  });
}

function parseSelection(text: string): SelectionSetNode {
  const [operation] = parse(text, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) {
    throw new Error(`not a selection: ${text}`);
  }
  return operation.selectionSet;
}

function namedType(type: TypeNode): string {
  let current = type;
  while (current.kind !== Kind.NAMED_TYPE) {
    current = current.type;
  }
  return (current as NamedTypeNode).name.value;
}
