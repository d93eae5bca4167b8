import {
  type DocumentNode,
  type FieldNode,
  type GraphQLInterfaceType,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLString,
  type InlineFragmentNode,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { hold, readConditions } from './conditions.ts';
import { type Fragments, fragmentsOf } from './fragments.ts';
import { type KeyNumbers, numberKeys, plannedKeyOf } from './response-names.ts';
import { interfaceObject } from './supergraph-types.ts';

/** A type that an object of the result can have. An interface where only a subgraph spoke that knows no more (`@interfaceObject`). */
export type ConcreteType = GraphQLObjectType | GraphQLInterfaceType;

/** A field that the client selected, for objects of one type. */
export type SelectedField = {
  /** The client's response key. */
  key: string;
  /** The key in the merged result. */
  dataKey: string;
  kind: 'data' | 'typename' | 'introspection';
  type: GraphQLOutputType;
  /**
   * The fields below, for objects of `type`. Each list is made once. Undefined for an interface where the client asks for fields of its types:
   * then the object's own type must be known.
   */
  fieldsOf(type: ConcreteType): readonly SelectedField[] | undefined;
};

export type SelectionOptions = {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  prefix: string | undefined;
};

/** The selection of an operation for one set of values of the variables in `@skip` and `@include`. */
export type OperationSelection = {
  type: GraphQLObjectType;
  fields: readonly SelectedField[];
  /** How many fields have been made so far, at all places. */
  countFields(): number;
};

/** Prepares the selection of an operation: its fields in the order of the answer (GraphQL spec 6.3.2). */
export function compileSelection({ schema, document, operation, prefix }: SelectionOptions) {
  const fragments = fragmentsOf(document);
  const numberOf = numberKeys(document);
  const type = schema.getRootType(operation.operation);
  if (!type) throw new Error(`The schema has no ${operation.operation}.`);
  return {
    conditionVariables: findConditionVariables(operation.selectionSet, fragments),
    /** @param variables coerced */
    select(variables: Readonly<Record<string, unknown>>): OperationSelection {
      const { collect, countFields } = createCollector(schema, fragments, prefix, numberOf, variables);
      return { type, fields: collect(type, [operation.selectionSet]) ?? [], countFields };
    },
  };
}

const typenameType = new GraphQLNonNull(GraphQLString);

function createCollector(
  schema: GraphQLSchema,
  fragments: Fragments,
  prefix: string | undefined,
  numberOf: KeyNumbers,
  variables: Readonly<Record<string, unknown>>,
) {
  let count = 0;
  const applies = (condition: string | undefined, type: ConcreteType) => {
    if (condition === undefined || condition === type.name) return true;
    const conditional = schema.getType(condition);
    return isAbstractType(conditional) && schema.isSubType(conditional, type);
  };
  const isSelected = ({ directives }: SelectionNode) =>
    !directives?.length || hold(readConditions(directives), variables);
  const objectsOf = (condition: string): readonly string[] => {
    const type = schema.getType(condition);
    return isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [condition];
  };
  /** Whether a fragment selects a field of any object. Fragments that exclude each other select none, and nobody is asked for its type then. */
  const selectsAny = (condition: string | undefined, outer: SelectionSetNode): boolean => {
    const seen = new Set<string>();
    const numbers = new Map<SelectionSetNode, number>();
    const look = (set: SelectionSetNode, objects: readonly string[] | undefined): boolean => {
      if (!numbers.has(set)) numbers.set(set, numbers.size);
      const id = `${numbers.get(set)} ${objects?.join()}`;
      if (objects?.length === 0 || seen.has(id)) return false;
      seen.add(id);
      return set.selections.some((selection) => {
        if (!isSelected(selection)) return false;
        if (selection.kind === Kind.FIELD) return true;
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        return fragment !== undefined && lookInside(fragment, objects);
      });
    };
    const lookInside = (
      { typeCondition, selectionSet }: Pick<InlineFragmentNode, 'typeCondition' | 'selectionSet'>,
      objects: readonly string[] | undefined,
    ): boolean => {
      if (!typeCondition) return look(selectionSet, objects);
      const own = objectsOf(typeCondition.name.value);
      return look(selectionSet, objects ? objects.filter((name) => own.includes(name)) : own);
    };
    return look(outer, condition === undefined ? undefined : objectsOf(condition));
  };

  const collect = (
    type: ConcreteType,
    sets: readonly SelectionSetNode[],
  ): readonly SelectedField[] | undefined => {
    let isOpen = false;
    const found = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    const look = ({ selections }: SelectionSetNode) => {
      for (const selection of selections) {
        if (!isSelected(selection)) continue;
        if (selection.kind === Kind.FIELD) {
          const key = (selection.alias ?? selection.name).value;
          const known = found.get(key);
          if (known) known.push(selection);
          else found.set(key, [selection]);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) {
          if (applies(selection.typeCondition?.name.value, type)) look(selection.selectionSet);
          else isOpen ||= selectsAny(selection.typeCondition?.name.value, selection.selectionSet);
        } else if (!visited.has(selection.name.value)) {
          visited.add(selection.name.value);
          const fragment = fragments.get(selection.name.value);
          if (!fragment) continue;
          if (applies(fragment.typeCondition.name.value, type)) look(fragment.selectionSet);
          else isOpen ||= selectsAny(fragment.typeCondition.name.value, fragment.selectionSet);
        }
      }
    };
    for (const set of sets) look(set);
    if (isOpen && isInterfaceType(type)) return undefined;
    return [...found].map(([key, nodes]) => describe(type, key, nodes));
  };

  const describe = (parent: ConcreteType, key: string, nodes: readonly FieldNode[]): SelectedField => {
    count += 1;
    const node = nodes[0] as FieldNode;
    const name = node.name.value;
    if (name === '__typename') {
      return { key, dataKey: name, kind: 'typename', type: typenameType, fieldsOf: () => [] };
    }
    if (name === '__schema' || name === '__type') {
      return { key, dataKey: key, kind: 'introspection', type: typenameType, fieldsOf: () => [] };
    }
    const field = parent.getFields()[name];
    if (!field) throw new Error('A valid operation selects a field that its type lacks.');
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const byType = new Map<string, readonly SelectedField[] | undefined>();
    return {
      key,
      dataKey: plannedKeyOf(node, field, prefix, numberOf),
      kind: 'data',
      type: field.type,
      fieldsOf(type) {
        if (!byType.has(type.name)) byType.set(type.name, collect(type, sets));
        return byType.get(type.name);
      },
    };
  };
  return { collect, countFields: () => count };
}

/** Finds the variables of `@skip` and `@include`. Each fragment is visited once. */
function findConditionVariables(root: SelectionSetNode, fragments: Fragments): string[] {
  const sets = new Set([root]);
  const names = new Set<string>();
  for (const { selections } of sets) {
    for (const selection of selections) {
      for (const { variable } of readConditions(selection.directives)) {
        if (variable !== undefined) names.add(variable);
      }
      const below =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? fragments.get(selection.name.value)?.selectionSet
          : selection.selectionSet;
      if (below) sets.add(below);
    }
  }
  return [...names];
}

/**
 * The type that an object names, if it can stand at a place of `declared`. Undefined for one that clients can't see. A subgraph that
 * knows the interface as an object names no type (`@interfaceObject`): then it is the interface.
 */
export function findRuntimeType(
  schema: GraphQLSchema,
  declared: GraphQLOutputType,
  typename: unknown,
): ConcreteType | undefined {
  if (typename === undefined && isInterfaceType(declared)) {
    return declared.extensions[interfaceObject] === true ? declared : undefined;
  }
  if (!isCompositeType(declared) || typeof typename !== 'string') return undefined;
  const type = schema.getType(typename);
  if (!type || !('getFields' in type) || !isCompositeType(type)) return undefined;
  if (type === declared) return type;
  return isAbstractType(declared) && schema.isSubType(declared, type) ? type : undefined;
}
