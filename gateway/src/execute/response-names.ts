import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
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
import { type Fragments, fragmentsOf } from './fragments.ts';

/**
 * Response keys and variables of the planned operation, kept apart from those that planning and execution add: the keys of
 * entities, the fields of `@requires`, `__typename`, the variable `representations`. All of the client's begin with a prefix that no
 * name of the supergraph holds.
 */

/** Derived from the supergraph alone, so that planning and execution find the same one. */
export function prefixFor(supergraphSdl: string): string {
  for (let number = 0; ; number += 1) {
    const prefix = `_${number}_`;
    if (!supergraphSdl.includes(prefix)) return prefix;
  }
}

/**
 * The response key of a client's field in the planned operation. A field that may have arguments has a key of the client's even without
 * an alias: planning may add it with other arguments.
 */
export function plannedKeyOf(
  { alias, name }: FieldNode,
  field: Pick<GraphQLField<unknown, unknown>, 'args'> | undefined,
  prefix: string | undefined,
): string {
  const key = (alias ?? name).value;
  if (name.value === '__typename') return name.value;
  if (prefix === undefined) return key;
  return key === name.value && field?.args.length === 0 ? key : prefix + key;
}

/** The client's response key of a key in the planned operation. */
export function clientKeyOf(plannedKey: string, prefix: string | undefined): string {
  return prefix !== undefined && plannedKey.startsWith(prefix) ? plannedKey.slice(prefix.length) : plannedKey;
}

/** The variable that holds the representations of a fetch, in what the planner writes. */
export const representationsVariable = 'representations';

function plannedVariableOf(name: string, prefix: string): string {
  return name === representationsVariable || name.startsWith(prefix) ? `${prefix}v${name}` : name;
}

/** The client's name of a variable in the planned operation. */
export function clientVariableOf(planned: string, prefix: string | undefined): string {
  return prefix !== undefined && planned.startsWith(`${prefix}v`)
    ? planned.slice(prefix.length + 1)
    : planned;
}

/** Gives a valid operation the names that it is planned with. */
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
        const isOfField = parent !== undefined && 'kind' in parent && parent.kind === Kind.FIELD;
        return isOfField && mayBeEmpty(node)
          ? { ...node, selections: [typenameField, ...node.selections] }
          : undefined;
      },
      Variable: (node) => ({ ...node, name: nameNode(plannedVariableOf(node.name.value, prefix)) }),
    }),
  );
}

/**
 * Takes the root fields of a mutation out of their fragments: they run in the order of the document (GraphQL spec 6.2.2), and the planner
 * puts fields of like fragments together.
 */
function listRootFields(set: SelectionSetNode, fragments: Fragments): SelectionSetNode {
  const take = ({ selections }: SelectionSetNode, outer: readonly DirectiveNode[]): SelectionNode[] =>
    selections.flatMap((selection) => {
      const directives = [...outer, ...(selection.directives ?? [])];
      if (selection.kind === Kind.FIELD) return withDirectives(selection, directives);
      const inner =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : fragments.get(selection.name.value)?.selectionSet;
      return inner ? take(inner, directives) : [];
    });
  return { ...set, selections: take(set, []) };
}

/** A field may have each directive once: another of the same name goes on a fragment around it. */
function withDirectives(field: FieldNode, directives: readonly DirectiveNode[]): SelectionNode {
  const [first, ...others] = directives;
  if (!first) return { ...field, directives: [] };
  const inner = withDirectives(field, others);
  if (inner.kind === Kind.FIELD && !inner.directives?.some(({ name }) => name.value === first.name.value)) {
    return { ...inner, directives: [first, ...(inner.directives ?? [])] };
  }
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [inner] };
  return { kind: Kind.INLINE_FRAGMENT, directives: [first], selectionSet };
}

const typenameField: FieldNode = { kind: Kind.FIELD, name: nameNode('__typename') };

/** Whether conditions can leave nothing of a selection set. The planner would leave out its field too, which is then an empty object. */
function mayBeEmpty({ selections }: SelectionSetNode): boolean {
  return selections.every((selection) => selection.kind !== Kind.FIELD || selection.directives?.length);
}

function nameNode(value: string): NameNode {
  return { kind: Kind.NAME, value };
}
