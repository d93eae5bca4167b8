import type { PlanNode, QueryPlan } from '@apollo/query-planner';
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  getOperationAST,
  Kind,
  OperationTypeNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { type Condition, readConditions } from '../execute/conditions.ts';
import { type Fragments, fragmentsOf } from '../execute/fragments.ts';
import { nameNode } from './required-fetches.ts';

/** A root field, out of its fragments. It is selected where all conditions hold. */
type RootField = { field: FieldNode; conditions: readonly Condition[]; place: number };
/** A root field where it runs in the order of the document. */
type Placed = { place: number; selection: SelectionNode };

/** Places of one response key. Each stands for a case of its conditions; two conditions on each of `n` fields give up to 2^n. */
const maxPlacesOfKey = 64;

/**
 * Lists the root fields of a mutation as they must run: in the order of the document, each response key once, at the place of its first field
 * that no condition leaves out (GraphQL spec 6.2.2, 6.3.2). Other operations stay as they are.
 *
 * The planner puts selections of like fragments together, wherever they stand. So a mutation becomes several documents where that would
 * change the order: to be planned one by one, and run one after the other.
 *
 * @throws {RangeError} where conditions give one response key too many places
 */
export function splitMutation(document: DocumentNode, operationName: string | undefined): DocumentNode[] {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== OperationTypeNode.MUTATION) return [document];
  const byKey = listRootFields(operation.selectionSet, fragmentsOf(document));
  const placed = [...byKey.values()].flatMap(placeFields).sort((a, b) => a.place - b.place);
  const parts: { selections: SelectionNode[]; heads: Set<string> }[] = [{ selections: [], heads: new Set() }];
  for (const { selection } of placed) {
    const head = headOf(selection);
    let part = parts.at(-1);
    if (!part || part.heads.has(head)) {
      part = { selections: [], heads: new Set() };
      parts.push(part);
    }
    part.selections.push(selection);
    part.heads.add(head);
  }
  return parts.map(({ selections }) => ({
    ...document,
    definitions: document.definitions.map((definition) =>
      definition === operation
        ? { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } }
        : definition,
    ),
  }));
}

/** One plan that runs several, one after the other. */
export function joinPlans(plans: readonly QueryPlan[]): QueryPlan {
  const [first, ...others] = plans;
  if (first && others.length === 0) return first;
  // Only a whole plan can be a subscription.
  const nodes = plans.flatMap(({ node }) => (node ? [node as PlanNode] : []));
  return { kind: 'QueryPlan', node: { kind: 'Sequence', nodes } };
}

function listRootFields(set: SelectionSetNode, fragments: Fragments): Map<string, RootField[]> {
  const byKey = new Map<string, RootField[]>();
  let place = 0;
  const take = ({ selections }: SelectionSetNode, outer: readonly Condition[]): void => {
    for (const selection of selections) {
      const conditions = simplify([...outer, ...readConditions(selection.directives)], []);
      if (!conditions) continue;
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        byKey.set(key, [...(byKey.get(key) ?? []), { field: selection, conditions, place: place++ }]);
      } else {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? selection.selectionSet
            : fragments.get(selection.name.value)?.selectionSet;
        if (inner) take(inner, conditions);
      }
    }
  };
  take(set, []);
  return byKey;
}

/** The conditions that remain where those of `known` hold, each once. Undefined where they can't all hold. */
function simplify(conditions: readonly Condition[], known: readonly Condition[]): Condition[] | undefined {
  const open: Condition[] = [];
  for (const condition of conditions) {
    const { variable, literal, keeps } = condition;
    const other = [...known, ...open].find((one) => one.variable === variable);
    if (variable === undefined ? literal !== keeps : other && other.keeps !== keeps) return undefined;
    if (variable !== undefined && !other) open.push(condition);
  }
  return open;
}

/** Decides the conditions of the fields of one key, as far as its place depends on them. */
function placeFields(fields: readonly RootField[]): Placed[] {
  const placed: Placed[] = [];
  const decide = (candidates: readonly RootField[], known: readonly Condition[]): void => {
    const open = candidates.flatMap(({ conditions, ...field }) => {
      const left = simplify(conditions, known);
      return left ? [{ ...field, conditions: left }] : [];
    });
    const [first, ...others] = open;
    if (!first) return;
    const [condition] = first.conditions;
    if (condition && others.length > 0) {
      decide(open, [...known, condition]);
      decide(open, [...known, { ...condition, keeps: !condition.keeps }]);
      return;
    }
    if (placed.length === maxPlacesOfKey) {
      throw new RangeError(
        `a mutation whose conditions give one root field more than ${maxPlacesOfKey} places`,
      );
    }
    const selection = underConditions(joinFields(first, others), [...known, ...first.conditions]);
    placed.push({ place: first.place, selection });
  };
  decide(fields, []);
  return placed;
}

/** Joins fields of one key that is there in any case: what others select stands below it under their conditions. */
function joinFields({ field }: RootField, others: readonly RootField[]): FieldNode {
  const bare = { ...field, directives: withoutConditions(field) };
  const { selectionSet } = field;
  if (!selectionSet || others.length === 0) return bare;
  const below = others.flatMap(({ field: { selectionSet: set }, conditions }): readonly SelectionNode[] => {
    if (!set) return [];
    if (conditions.length === 0) return set.selections;
    return [underConditions({ kind: Kind.INLINE_FRAGMENT, selectionSet: set }, conditions)];
  });
  return { ...bare, selectionSet: { ...selectionSet, selections: [...selectionSet.selections, ...below] } };
}

function withoutConditions({ directives = [] }: FieldNode): DirectiveNode[] {
  return directives.filter((directive) => readConditions([directive]).length === 0);
}

/** A selection may have each directive once: another of the same name goes on a fragment around it. */
function underConditions(selection: SelectionNode, conditions: readonly Condition[]): SelectionNode {
  let outer = selection;
  for (const directive of conditions.map(directiveOf).reverse()) {
    const { directives = [] } = outer;
    if (directives.some(({ name }) => name.value === directive.name.value)) {
      const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [outer] };
      outer = { kind: Kind.INLINE_FRAGMENT, directives: [directive], selectionSet };
    } else {
      outer = { ...outer, directives: [directive, ...directives] };
    }
  }
  return outer;
}

function directiveOf({ variable = '', keeps }: Condition): DirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: nameNode(keeps ? 'include' : 'skip'),
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: nameNode('if'),
        value: { kind: Kind.VARIABLE, name: nameNode(variable) },
      },
    ],
  };
}

/** What the planner knows a selection by: a field by its response key, both by their directives in any order. */
function headOf(selection: SelectionNode): string {
  const { directives = [] } = selection;
  const name = selection.kind === Kind.FIELD ? (selection.alias ?? selection.name).value : '...';
  return [name, ...directives.map((directive) => print(directive)).sort()].join(' ');
}
