import type { FieldNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql';

/**
 * Whether the operation selects a field below the one that is resolved: `selectsField(info, 'edges', 'node', 'items')`. So a list can read what
 * its rows will be asked for in its own statement, and not in a second round trip. Fragments of any type count, and so does what `@skip` leaves
 * out: at worst something is read in vain.
 */
export function selectsField(info: GraphQLResolveInfo, ...path: readonly [string, ...string[]]): boolean {
  return info.fieldNodes.some(({ selectionSet }) => selects(info, selectionSet, path, 0));
}

function selects(
  info: GraphQLResolveInfo,
  selectionSet: SelectionSetNode | undefined,
  path: readonly string[],
  depth: number,
): boolean {
  const isOnPath = (field: FieldNode) =>
    field.name.value === path[depth] &&
    (depth === path.length - 1 || selects(info, field.selectionSet, path, depth + 1));
  return (selectionSet?.selections ?? []).some((selection) => {
    if (selection.kind === 'Field') return isOnPath(selection);
    const fragment = selection.kind === 'InlineFragment' ? selection : info.fragments[selection.name.value];
    return selects(info, fragment?.selectionSet, path, depth);
  });
}
