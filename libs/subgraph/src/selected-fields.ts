import type { FieldNode, FragmentDefinitionNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql';

type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/** By the nodes of a field, and by path. A compiled query gives each of its fields the same nodes each time. */
const known = new WeakMap<readonly FieldNode[], Map<string, ReadonlySet<string>>>();

/**
 * The names of the fields that the operation selects below the one that is resolved: `selectedFields(info, 'edges', 'node')`. So a list can read
 * what its rows will be asked for, all of it and no more, in one statement. Fragments of any type count, and so does what `@skip` leaves out: at
 * worst something is read in vain.
 */
export function selectedFields(
  { fieldNodes, fragments }: GraphQLResolveInfo,
  ...path: readonly string[]
): ReadonlySet<string> {
  let byPath = known.get(fieldNodes);
  if (!byPath) {
    byPath = new Map();
    known.set(fieldNodes, byPath);
  }
  const key = path.join('.');
  let names = byPath.get(key);
  if (!names) {
    let nodes: readonly FieldNode[] = fieldNodes;
    for (const step of path) nodes = findChildren(nodes, fragments).filter(({ name }) => name.value === step);
    names = new Set(findChildren(nodes, fragments).map(({ name }) => name.value));
    byPath.set(key, names);
  }
  return names;
}

/** Walks each fragment once: fragments that spread each other twice would take a time that doubles with each. */
function findChildren(nodes: readonly FieldNode[], fragments: Fragments): FieldNode[] {
  const children: FieldNode[] = [];
  const walked = new Set<string>();
  const walk = (selectionSet: SelectionSetNode | undefined) => {
    for (const selection of selectionSet?.selections ?? []) {
      if (selection.kind === 'Field') {
        children.push(selection);
      } else if (selection.kind === 'InlineFragment') {
        walk(selection.selectionSet);
      } else if (!walked.has(selection.name.value)) {
        walked.add(selection.name.value);
        walk(fragments[selection.name.value]?.selectionSet);
      }
    }
  };
  for (const { selectionSet } of nodes) walk(selectionSet);
  return children;
}
