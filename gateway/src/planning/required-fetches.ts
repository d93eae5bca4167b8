import type { FetchNode, PlanNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import {
  type FieldNode,
  Kind,
  type NameNode,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
  visit,
} from 'graphql';

/** A field with the arguments that some `@requires` give it. For the planner it is a field of its own, without arguments. */
export type Variant = Pick<FieldNode, 'name' | 'arguments'>;
/** By the name that the planner gets. */
export type Variants = ReadonlyMap<string, Variant>;
/** The variants that a field of a subgraph requires, at any depth: by `subgraph Type.field`. */
export type Requirements = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Writes the fields of the subgraphs where a plan has variants. These keep the name of the variant as their response key, and stand under
 * their own in representations. Of a fetch whose fields require several variants of one field, each part requires one.
 */
export function restoreNode(node: PlanNode, variants: Variants, requirements: Requirements): PlanNode {
  const restore = (inner: PlanNode) => restoreNode(inner, variants, requirements);
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: node.nodes.map(restore) };
    case 'Flatten':
      return { ...node, node: restore(node.node) };
    case 'Condition':
      return {
        ...node,
        ...(node.ifClause && { ifClause: restore(node.ifClause) }),
        ...(node.elseClause && { elseClause: restore(node.elseClause) }),
      };
    case 'Fetch': {
      const parts = splitFetch(node, variants, requirements);
      const [first = node, ...others] = parts.map((part) => restoreFetch(part, variants));
      return others.length === 0 ? first : { kind: 'Parallel', nodes: [first, ...others] };
    }
    default:
      return node;
  }
}

function restoreFetch(node: FetchNode, variants: Variants): FetchNode {
  const document = visit(parse(node.operation, { noLocation: true }), {
    Field(field) {
      const variant = variants.get(field.name.value);
      return variant && { ...field, ...variant, alias: nameNode(field.name.value) };
    },
  });
  const restoreRequired = (selections: readonly QueryPlanSelectionNode[]): QueryPlanSelectionNode[] =>
    selections.map((selection) => {
      const below = selection.selections && { selections: restoreRequired(selection.selections) };
      const variant = selection.kind === 'Field' ? variants.get(selection.name) : undefined;
      return {
        ...selection,
        ...below,
        ...(variant && { name: variant.name.value, alias: (selection as { name: string }).name }),
      } as QueryPlanSelectionNode;
    });
  return {
    ...node,
    operation: stripIgnoredCharacters(print(document)),
    ...(node.requires && { requires: restoreRequired(node.requires) }),
  };
}

/** A field of an entity with the fragments that it stands in, the outermost first. */
type Placed = { field: FieldNode; parents: readonly SelectionNode[]; needs: ReadonlySet<string> };
type Part = { placed: Placed[]; needs: Map<string, string> };

/** Puts each field of the entities into the first part that requires nothing else under the same name. */
function splitFetch(node: FetchNode, variants: Variants, requirements: Requirements): FetchNode[] {
  if (!node.requires?.length) return [node];
  const document = parse(node.operation, { noLocation: true });
  const [operation] = document.definitions as [OperationDefinitionNode];
  const [entities] = operation.selectionSet.selections as [FieldNode];
  const needsOf = (type: string, field: FieldNode) =>
    requirements.get(`${node.serviceName} ${type}.${field.name.value}`) ?? new Set<string>();
  const parts: Part[] = [];
  for (const placed of placeFields(entities.selectionSet, '', [], needsOf)) {
    const wanted = [...placed.needs].map((name) => [variants.get(name)?.name.value ?? name, name] as const);
    let part = parts.find(({ needs }) => wanted.every(([key, name]) => (needs.get(key) ?? name) === name));
    if (!part) {
      part = { placed: [], needs: new Map() };
      parts.push(part);
    }
    part.placed.push(placed);
    for (const [key, name] of wanted) part.needs.set(key, name);
  }
  if (parts.length < 2) return [node];
  return parts.map(({ placed, needs }) => {
    const selections = placed.map(({ field, parents }) =>
      parents.reduceRight<SelectionNode>(
        (inner, parent) =>
          ({
            ...parent,
            selectionSet: { kind: Kind.SELECTION_SET, selections: [inner] },
          }) as SelectionNode,
        field,
      ),
    );
    const field = { ...entities, selectionSet: { kind: Kind.SELECTION_SET, selections } } as const;
    const used = print(field);
    const isUsed = (name: string) => new RegExp(`\\$${name}\\b`).test(used);
    const part: OperationDefinitionNode = {
      ...operation,
      selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
      variableDefinitions: (operation.variableDefinitions ?? []).filter(({ variable }) =>
        isUsed(variable.name.value),
      ),
    };
    const kept = new Set(needs.values());
    const isKept = (name: string) => !variants.has(name) || kept.has(name);
    return {
      ...node,
      operation: stripIgnoredCharacters(print(part)),
      requires: keepRequired(node.requires ?? [], isKept),
      ...(node.variableUsages && { variableUsages: node.variableUsages.filter(isUsed) }),
    };
  });
}

function placeFields(
  { selections }: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [] },
  type: string,
  parents: readonly SelectionNode[],
  needsOf: (type: string, field: FieldNode) => ReadonlySet<string>,
): Placed[] {
  return selections.flatMap((selection): Placed[] => {
    if (selection.kind === Kind.FIELD) {
      return [{ field: selection, parents, needs: needsOf(type, selection) }];
    }
    // Operations are planned without named fragments.
    if (selection.kind !== Kind.INLINE_FRAGMENT) throw new Error('A fetch of a plan spreads a fragment.');
    const condition = selection.typeCondition?.name.value ?? type;
    return placeFields(selection.selectionSet, condition, [...parents, selection], needsOf);
  });
}

/** Leaves out the fields that `isKept` refuses, and objects of which nothing is left. */
function keepRequired(
  selections: readonly QueryPlanSelectionNode[],
  isKept: (name: string) => boolean,
): QueryPlanSelectionNode[] {
  return selections.flatMap((selection): QueryPlanSelectionNode[] => {
    if (selection.kind === 'Field' && !isKept(selection.name)) return [];
    if (!selection.selections?.length) return [selection];
    const below = keepRequired(selection.selections, isKept);
    return below.length > 0 ? [{ ...selection, selections: below } as QueryPlanSelectionNode] : [];
  });
}

export function nameNode(value: string): NameNode {
  return { kind: Kind.NAME, value };
}
