import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  Kind,
  type NameNode,
  type SelectionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { hold, readConditions } from './conditions.ts';
import { fragmentsOf } from './fragments.ts';
import { type KeyNumbers, plannedKeyOf, plannedVariableOf } from './response-names.ts';

/**
 * Prepares a valid document for the planner. Client's response keys and variables get names that nothing else has
 * (response-names.ts). Conditions without a variable are decided, fragments that no object can have are left out, an object keeps a field where
 * conditions may leave none, and a fragment under a condition has a type: the planner gets each of them wrong.
 *
 * @param numberOf of the client's whole document, of which `document` may be a part
 */
export function renameForPlanning(
  document: DocumentNode,
  schema: GraphQLSchema,
  prefix: string,
  numberOf: KeyNumbers,
): DocumentNode {
  const typeInfo = new TypeInfo(schema);
  const fragments = fragmentsOf(document);
  /** The types that objects can have, at each selection set around the one that is visited. */
  const possible: ReadonlySet<GraphQLObjectType>[] = [];
  const objectsOf = (type: unknown) =>
    isAbstractType(type) ? schema.getPossibleTypes(type) : isObjectType(type) ? [type] : [];
  const mayApply = (selection: SelectionNode, here: ReadonlySet<GraphQLObjectType>) => {
    if (selection.kind === Kind.FIELD) return true;
    const { typeCondition } =
      selection.kind === Kind.FRAGMENT_SPREAD ? (fragments.get(selection.name.value) ?? {}) : selection;
    return (
      !typeCondition || objectsOf(schema.getType(typeCondition.name.value)).some((type) => here.has(type))
    );
  };
  return visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field(node) {
        const { alias: _, ...field } = node;
        const key = plannedKeyOf(node, typeInfo.getFieldDef() ?? undefined, prefix, numberOf);
        return key === node.name.value ? field : { ...field, alias: nameNode(key) };
      },
      SelectionSet: {
        enter(node, _key, parent) {
          const above = parent !== undefined && 'kind' in parent ? parent.kind : undefined;
          const objects = objectsOf(typeInfo.getParentType());
          const outer = above === Kind.INLINE_FRAGMENT ? possible.at(-1) : undefined;
          const here = new Set(outer ? objects.filter((type) => outer.has(type)) : objects);
          possible.push(here);
          const selections = node.selections.flatMap(decide).filter((selection) => mayApply(selection, here));
          const lacksField = above === Kind.FIELD ? mayBeEmpty(selections) : selections.length === 0;
          return { ...node, selections: lacksField ? [typenameField, ...selections] : selections };
        },
        leave: () => void possible.pop(),
      },
      InlineFragment(node) {
        const type = typeInfo.getParentType();
        if (node.typeCondition || !node.directives?.length || !type) return undefined;
        // Without a type the planner does not give the fields below the aliases that it means to.
        return { ...node, typeCondition: { kind: Kind.NAMED_TYPE, name: nameNode(type.name) } };
      },
      Variable: (node) => ({ ...node, name: nameNode(plannedVariableOf(node.name.value, prefix)) }),
    }),
  );
}

/** Leaves out a selection whose condition can never hold, and conditions that always do. */
function decide(selection: SelectionNode): SelectionNode[] {
  const { directives = [] } = selection;
  if (directives.length === 0) return [selection];
  const isConstant = (directive: DirectiveNode) =>
    readConditions([directive]).some(({ variable }) => variable === undefined);
  if (!hold(readConditions(directives.filter(isConstant)), {})) return [];
  return [{ ...selection, directives: directives.filter((directive) => !isConstant(directive)) }];
}

const typenameField: FieldNode = { kind: Kind.FIELD, name: nameNode('__typename') };

/** The planner leaves out a field with nothing below, which is an empty object in the answer. */
function mayBeEmpty(selections: readonly SelectionNode[]): boolean {
  return selections.every((selection) => selection.kind !== Kind.FIELD || selection.directives?.length);
}

function nameNode(value: string): NameNode {
  return { kind: Kind.NAME, value };
}
