import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  parse,
  type SelectionSetNode,
} from 'graphql';
import { type Condition, implies } from '../conditions.ts';
import { describeRecentAuth } from '../recent-sign-in.ts';
import { conditionsOf, mergeBooks, nameOfType, type RuleBook } from '../rule-book.ts';
import type { AccessFault, ReadSubgraph } from './rule-faults.ts';

/**
 * Fields that read other fields (`@requires`, `@provides`, `@fromContext`) and have a weaker rule than those. The router fetches
 * the fields they read without a check, so a caller would get a part of what is refused to them.
 */
export function findDependencyFaults(subgraphs: readonly ReadSubgraph[]): AccessFault[] {
  const all = mergeBooks(subgraphs.map(({ book }) => book));
  return findDependencies(subgraphs).flatMap((dependency) => describe(all, dependency));
}

/** Every field that reads another one, in each subgraph that says so. */
export function findDependencies(subgraphs: readonly { name: string; sdl: DocumentNode }[]): Dependency[] {
  const objectTypes = readObjectTypes(subgraphs.map(({ sdl }) => sdl));
  return subgraphs.flatMap(({ name: subgraph, sdl }) => {
    const schema = { ...readFields(sdl), objectTypes };
    return [...schema.fields].flatMap(([type, fields]) =>
      [...fields.values()].flatMap((field) =>
        dependenciesOf(schema, type, field).flatMap(({ directive, coordinates }) =>
          coordinates.map((read) => ({ subgraph, type, field: field.name.value, directive, read })),
        ),
      ),
    );
  });
}

export type Dependency = {
  subgraph: string;
  type: string;
  field: string;
  directive: 'requires' | 'provides' | 'fromContext';
  /** `Type.field` */
  read: string;
};

function describe(all: RuleBook, { subgraph, type, field, directive, read }: Dependency): AccessFault[] {
  const [readType = '', readField = ''] = read.split('.');
  const given = conditionsOf(all, type, field) ?? [];
  const wanted = conditionsOf(all, readType, readField) ?? [];
  const lacks = wanted.filter((condition) => !implies(given, condition));
  // Of a public field, that it admits other callers too follows from the rest.
  const missing = given.length > 0 ? lacks : lacks.filter(({ kind }) => kind !== 'callers');
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
  switch (condition.kind) {
    case 'platform':
      return `platform ${condition.is}`;
    case 'recentAuth':
      return describeRecentAuth(condition);
    default:
      return condition.kind;
  }
}

type Schema = SubgraphFields & { objectTypes: ReadonlyMap<string, ReadonlySet<string>> };

type Reading = { directive: Dependency['directive']; coordinates: string[] };

function dependenciesOf(schema: Schema, type: string, field: FieldDefinitionNode): Reading[] {
  const own = (field.directives ?? []).flatMap((directive): Reading[] => {
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
          coordinates: coordinatesIn(schema, nameOfType(field.type), parseSelection(`{ ${selection} }`)),
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
function fromContext(schema: Schema, directive: ConstDirectiveNode): Reading[] {
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
          ? coordinatesIn(schema, nameOfType(field.type), selection.selectionSet)
          : [];
      // The rules are on the implementations; any of them may be read.
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

/** The fields in a subgraph's SDL. */
type SubgraphFields = {
  fields: ReadonlyMap<string, ReadonlyMap<string, FieldDefinitionNode>>;
  /** Names of the types that carry `@context(name:)`, by context. */
  contexts: ReadonlyMap<string, readonly string[]>;
};

function readFields(sdl: DocumentNode): SubgraphFields {
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

/** Names of the object types behind each interface and each union, from all subgraphs. */
function readObjectTypes(sdls: readonly DocumentNode[]): ReadonlyMap<string, ReadonlySet<string>> {
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

function stringArgument(directive: ConstDirectiveNode, name: string): string | undefined {
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
