import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  Kind,
  type NameNode,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { hold, readConditions } from './conditions.ts';
import { type Fragments, fragmentsOf } from './fragments.ts';
import { plannedKeyOf, plannedVariableOf } from './response-names.ts';

/**
 * Prepares a valid document for the planner. Client's response keys and variables get names that nothing else has
 * (response-names.ts). The root fields of a mutation are in the order in which they must run. Conditions without a variable are decided, an
 * object keeps a field where conditions may leave none, and a fragment under a condition has a type: the planner gets each of them wrong.
 */
export function renameForPlanning(
  document: DocumentNode,
  schema: GraphQLSchema,
  prefix: string,
): DocumentNode {
  const typeInfo = new TypeInfo(schema);
  const fragments = fragmentsOf(document);
  return visit(
    document,
    visitWithTypeInfo(typeInfo, {
      OperationDefinition: (node) =>
        node.operation === OperationTypeNode.MUTATION
          ? { ...node, selectionSet: listRootFields(node.selectionSet, fragments) }
          : undefined,
      Field(node) {
        const { alias: _, ...field } = node;
        const key = plannedKeyOf(node, typeInfo.getFieldDef() ?? undefined, prefix);
        return key === node.name.value ? field : { ...field, alias: nameNode(key) };
      },
      SelectionSet(node, _key, parent) {
        const selections = node.selections.flatMap(decide);
        const isOfField = parent !== undefined && 'kind' in parent && parent.kind === Kind.FIELD;
        const lacksField = isOfField ? mayBeEmpty(selections) : selections.length === 0;
        return { ...node, selections: lacksField ? [typenameField, ...selections] : selections };
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

type RootField = { field: FieldNode; directives: readonly DirectiveNode[]; place: number };

/**
 * Takes the root fields of a mutation out of their fragments: they run in the order of the document, each response key once (GraphQL spec
 * 6.2.2, 6.3.2). The planner would put fields of like fragments together, and send a key that comes again once more.
 */
function listRootFields(set: SelectionSetNode, fragments: Fragments): SelectionSetNode {
  const byKey = new Map<string, RootField[]>();
  let place = 0;
  const take = ({ selections }: SelectionSetNode, outer: readonly DirectiveNode[]): void => {
    for (const selection of selections.flatMap(decide)) {
      const directives = [...outer, ...(selection.directives ?? [])];
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        byKey.set(key, [...(byKey.get(key) ?? []), { field: selection, directives, place: place++ }]);
      } else {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? selection.selectionSet
            : fragments.get(selection.name.value)?.selectionSet;
        if (inner) take(inner, directives);
      }
    }
  };
  take(set, []);
  const placed = [...byKey.values()].flatMap(placeFields).sort((a, b) => a.place - b.place);
  return { ...set, selections: placed.flatMap(({ selections }) => selections) };
}

type PlacedSelections = { place: number; selections: SelectionNode[] };

/**
 * Fields of one key run at the place of the first that is not left out: where a condition leaves that one out, at the place of the next.
 * After a field with several conditions they stay at its place, since no directives say that one of these does not hold.
 */
function placeFields(fields: readonly RootField[]): PlacedSelections[] {
  const [first, ...others] = fields as [RootField, ...RootField[]];
  const { place } = first;
  const [directive, ...more] = first.directives;
  const opposite = directive && more.length === 0 && others.length > 0 ? oppositeOf(directive) : undefined;
  if (!directive || !opposite) return [{ place, selections: joinFields(fields) }];
  const here = joinFields([{ ...first, directives: [] }, ...others]);
  const later = placeFields(others);
  return [
    { place, selections: here.map((selection) => withDirectives(selection, [directive])) },
    ...later.map((part) => ({
      ...part,
      selections: part.selections.map((selection) =>
        withDirectives(selection, [opposite, ...directivesOf(selection)]),
      ),
    })),
  ];
}

function directivesOf({ directives = [] }: SelectionNode): readonly DirectiveNode[] {
  return directives;
}

/** `@skip` for `@include`, and the other way round. */
function oppositeOf(directive: DirectiveNode): DirectiveNode {
  return { ...directive, name: nameNode(directive.name.value === 'skip' ? 'include' : 'skip') };
}

/** Joins fields of one key. If one is there in any case, what others select stands below it under their conditions. */
function joinFields(fields: readonly RootField[]): SelectionNode[] {
  const certain = fields.find(({ directives }) => directives.length === 0);
  if (!certain || fields.length === 1) {
    return fields.map(({ field, directives }) => withDirectives(field, directives));
  }
  const selections = fields.flatMap(({ field: { selectionSet }, directives }): SelectionNode[] => {
    if (!selectionSet) return [];
    const fragment = { kind: Kind.INLINE_FRAGMENT, selectionSet } as const;
    return directives.length === 0 ? [...selectionSet.selections] : [withDirectives(fragment, directives)];
  });
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections };
  return [{ ...certain.field, ...(selections.length > 0 && { selectionSet }) }];
}

/** A selection may have each directive once: another of the same name goes on a fragment around it. */
function withDirectives(selection: SelectionNode, directives: readonly DirectiveNode[]): SelectionNode {
  const [first, ...others] = directives;
  if (!first) return { ...selection, directives: [] };
  const inner = withDirectives(selection, others);
  if (!inner.directives?.some(({ name }) => name.value === first.name.value)) {
    return { ...inner, directives: [first, ...(inner.directives ?? [])] };
  }
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [inner] };
  return { kind: Kind.INLINE_FRAGMENT, directives: [first], selectionSet };
}

function nameNode(value: string): NameNode {
  return { kind: Kind.NAME, value };
}
