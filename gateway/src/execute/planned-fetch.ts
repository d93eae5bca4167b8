import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import {
  type FieldNode,
  type InlineFragmentNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
} from 'graphql';
import { type AnswerShape, readShape } from './answer-shape.ts';
import { type Condition, readConditions } from './conditions.ts';
import { type Fragments, fragmentsOf } from './fragments.ts';
import { compileRepresentation, type Representation } from './representations.ts';
import { clientVariableOf, representationsVariable } from './response-names.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/** `@` for each item of a list. */
export type PlanPath = readonly string[];

/** One fetch of a plan, compiled. */
export type PlannedFetch = {
  /** Its number within the operation. */
  id: number;
  subgraph: string;
  kind: 'query' | 'mutation';
  /** Where in the result its answer belongs. Planned keys. */
  path: PlanPath;
  /** `{"query":…,"variables":{` */
  head: string;
  variables: readonly FetchVariable[];
  /** What it asks for: at the root, or of an entity. */
  shape: AnswerShape;
  group: string | undefined;
  /** Set for a fetch of entities. */
  entities: EntityFetch | undefined;
  /** Its root fields, where it is none of entities. */
  rootFields: readonly RootField[];
  /** Whether a part of its answer that stands at several places must be copied for each: a later fetch writes below. */
  copies: boolean;
  /** Where to look for the objects at its path: what the path has further down is brought by that fetch alone. Undefined: from the root. */
  base: FetchBase | undefined;
  /** Whether it is the base of another one. */
  isBase: boolean;
  /** Whether it may be sent in one document with fetches that run at the same time. */
  mayMerge: boolean;
};

export type FetchBase = {
  fetch: PlannedFetch;
  /** The path from the objects that it was for. */
  below: PlanPath;
};

export type RootField = {
  /** The key in its answer. */
  key: string;
  /** The field is asked for where all of them hold. */
  conditions: readonly Condition[];
};

export type FetchVariable = {
  /** The client's name. */
  name: string;
  /** `"name":`, as the fetch names it. */
  key: string;
};

export type EntityFetch = Representation & {
  /** The selection set of `_entities`, as text. Undefined where it makes sense only within its document. */
  selection: string | undefined;
  /** `name:Type=default` of each variable but the representations. */
  variableDefinitions: ReadonlyMap<string, string>;
  /** Undefined where all entities are of one group. */
  groupOf: ((typename: string) => string | undefined) | undefined;
};

export type FetchReading = {
  path: PlanPath;
  prefix: string | undefined;
  types: SupergraphTypes;
  /** Under which the fetch is sent at all. */
  conditions: readonly Condition[];
  groupOf: (coordinate: string) => string | undefined;
  nextId: () => number;
};

/**
 * Compiles a fetch of a plan. A fetch whose root fields belong to different groups becomes several, in the order of the fields.
 *
 * @throws {Error} for a plan that execution does not know
 */
export function compileFetch(node: FetchNode, reading: FetchReading): PlannedFetch[] {
  if (node.contextRewrites?.length) {
    throw new Error('A plan passes a field to an argument by @fromContext, which is not supported.');
  }
  if (node.operationKind === 'subscription') throw new Error('A plan holds a subscription.');
  const document = parse(node.operation, { noLocation: true });
  const operation = document.definitions.find((found) => found.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error('A fetch of a plan holds no operation.');
  const fragments = fragmentsOf(document);
  if (node.requires?.length) return [compileEntityFetch(node, operation, fragments, reading)];
  const isMutation = node.operationKind === 'mutation';
  const type = isMutation ? 'Mutation' : 'Query';
  const parts = splitByGroup(operation.selectionSet, fragments, isMutation, ({ name }) =>
    reading.groupOf(`${type}.${name.value}`),
  );
  if (parts.length > 1 && fragments.size > 0) {
    throw new Error('A fetch of a plan must be split, and holds fragments.');
  }
  return parts.map(({ group, selectionSet }): PlannedFetch => {
    const part = parts.length === 1 ? operation : takeVariables({ ...operation, selectionSet });
    const text = parts.length === 1 ? node.operation : stripIgnoredCharacters(print(part));
    return {
      ...describe(node, part, text, reading),
      shape: readShape(selectionSet, { fragments, ...conditionsOf(reading) }, node.outputRewrites),
      group,
      entities: undefined,
      rootFields: rootFieldsOf(selectionSet, fragments, reading.prefix),
      copies: true,
      base: undefined,
      isBase: false,
      mayMerge: false,
    };
  });
}

function conditionsOf({ conditions, prefix }: FetchReading) {
  return { conditions, nameOf: (variable: string) => clientVariableOf(variable, prefix) };
}

function compileEntityFetch(
  node: FetchNode,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  reading: FetchReading,
): PlannedFetch {
  const [field, ...others] = operation.selectionSet.selections;
  if (
    field?.kind !== Kind.FIELD ||
    field.name.value !== '_entities' ||
    !field.selectionSet ||
    others.length > 0
  ) {
    throw new Error('A fetch of a plan has representations and does not ask for entities alone.');
  }
  const requires = (node.requires ?? []).filter(selectsKey);
  const types = entityTypes(requires);
  const groups = new Set(types.map(reading.groupOf));
  const isMergeable = fragments.size === 0 && !field.directives?.length && node.operationKind === 'query';
  return {
    ...describe(node, operation, node.operation, reading),
    shape: readShape(field.selectionSet, { fragments, ...conditionsOf(reading) }, node.outputRewrites),
    group: types[0] === undefined ? undefined : reading.groupOf(types[0]),
    entities: {
      ...compileRepresentation({ ...node, requires }, reading.types),
      selection: isMergeable ? stripIgnoredCharacters(print(field.selectionSet)) : undefined,
      variableDefinitions: new Map(
        (operation.variableDefinitions ?? [])
          .filter(({ variable }) => variable.name.value !== representationsVariable)
          .map((definition) => [definition.variable.name.value, stripIgnoredCharacters(print(definition))]),
      ),
      // An interface may stand for types of several groups.
      groupOf: groups.size > 1 || !types.every(reading.types.isObject) ? reading.groupOf : undefined,
    },
    rootFields: [],
    copies: true,
    base: undefined,
    isBase: false,
    mayMerge: false,
  };
}

function describe(
  node: FetchNode,
  operation: OperationDefinitionNode,
  text: string,
  { path, prefix, nextId }: FetchReading,
) {
  const defined = new Set((operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value));
  return {
    id: nextId(),
    subgraph: node.serviceName,
    kind: node.operationKind === 'mutation' ? ('mutation' as const) : ('query' as const),
    path,
    head: `{"query":${JSON.stringify(text)},"variables":{`,
    variables: (node.variableUsages ?? [])
      .filter((name) => defined.has(name))
      .map((name) => ({ name: clientVariableOf(name, prefix), key: `${JSON.stringify(name)}:` })),
  };
}

/** The planner gives a type that no object has below these fragments `__typename` alone: of an object of that type nothing is asked. */
function selectsKey(selection: QueryPlanSelectionNode): boolean {
  return (
    selection.kind === 'Field' ||
    selection.selections.some((inner) => inner.kind !== 'Field' || inner.name !== '__typename')
  );
}

function entityTypes(requires: NonNullable<FetchNode['requires']>): string[] {
  return requires.flatMap((selection) =>
    selection.kind === 'InlineFragment' && selection.typeCondition ? [selection.typeCondition] : [],
  );
}

type GroupPart = { group: string | undefined; selectionSet: SelectionSetNode };

/**
 * Splits root fields by their groups. Where their order counts, a group has a part for each run of its fields. A field without a group
 * joins the part before it.
 */
function splitByGroup(
  set: SelectionSetNode,
  fragments: Fragments,
  isOrdered: boolean,
  groupOf: (field: FieldNode) => string | undefined,
): GroupPart[] {
  const placed = placeFields(set, fragments);
  const groups = new Set(placed.map(({ field }) => groupOf(field)));
  groups.delete(undefined);
  if (groups.size < 2) return [{ group: [...groups][0], selectionSet: set }];
  const parts: { group: string | undefined; selections: SelectionNode[] }[] = [];
  for (const { field, parents } of placed) {
    const group = groupOf(field);
    const last = parts.at(-1);
    const known = isOrdered ? last : (parts.find((part) => part.group === group) ?? last);
    const selection = parents.reduceRight<SelectionNode>(wrap, field);
    if (known && (group === undefined || known.group === undefined || group === known.group)) {
      known.group ??= group;
      known.selections.push(selection);
    } else {
      parts.push({ group, selections: [selection] });
    }
  }
  return parts.map(({ group, selections }) => ({
    group,
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  }));
}

function wrap(selection: SelectionNode, parent: Parent): InlineFragmentNode {
  const { typeCondition, directives } = parent;
  return {
    kind: Kind.INLINE_FRAGMENT,
    ...(typeCondition && { typeCondition }),
    ...(directives && { directives }),
    selectionSet: { kind: Kind.SELECTION_SET, selections: [selection] },
  };
}

type Parent = Pick<InlineFragmentNode, 'typeCondition' | 'directives'>;
type PlacedField = { field: FieldNode; parents: readonly Parent[] };

/** Each root field with the fragments that it stands in, the outermost first. */
function placeFields(
  set: SelectionSetNode,
  fragments: Fragments,
  parents: readonly Parent[] = [],
): PlacedField[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [{ field: selection, parents }];
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return placeFields(selection.selectionSet, fragments, [...parents, selection]);
    }
    const fragment = fragments.get(selection.name.value);
    if (!fragment) return [];
    const { typeCondition, selectionSet } = fragment;
    const { directives = [] } = selection;
    return placeFields(selectionSet, fragments, [...parents, { typeCondition, directives }]);
  });
}

function rootFieldsOf(set: SelectionSetNode, fragments: Fragments, prefix: string | undefined): RootField[] {
  return placeFields(set, fragments)
    .filter(({ field }) => field.name.value !== '__typename')
    .map(({ field, parents }) => ({
      key: (field.alias ?? field.name).value,
      conditions: [...parents, field].flatMap(({ directives }) =>
        readConditions(directives, (name) => clientVariableOf(name, prefix)),
      ),
    }));
}

/** Keeps the definitions of variables that the operation still uses. It holds no fragments. */
function takeVariables(operation: OperationDefinitionNode): OperationDefinitionNode {
  const used = print(operation.selectionSet);
  return {
    ...operation,
    variableDefinitions: (operation.variableDefinitions ?? []).filter(({ variable }) =>
      new RegExp(`\\$${variable.name.value}\\b`).test(used),
    ),
  };
}
