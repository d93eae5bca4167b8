import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql';

/**
 * Whether the operation selects a field below the one that is resolved: `selectsField(info, 'edges', 'node', 'items')`. So a list can read what
 * its rows will be asked for in its own statement, and not in a second round trip. Fragments of any type count, and so does what `@skip` leaves
 * out: at worst something is read in vain.
 */
export function selectsField(info: GraphQLResolveInfo, ...path: readonly [string, ...string[]]): boolean {
  /** By depth. Each fragment is walked once there: fragments that spread each other twice would take a time that doubles with each. */
  const walked = path.map(() => new Set<string>());
  const selects = (selectionSet: SelectionSetNode | undefined, depth: number): boolean =>
    (selectionSet?.selections ?? []).some((selection) => {
      if (selection.kind === 'Field') {
        const isOnPath = selection.name.value === path[depth];
        return isOnPath && (depth === path.length - 1 || selects(selection.selectionSet, depth + 1));
      }
      if (selection.kind === 'InlineFragment') return selects(selection.selectionSet, depth);
      const name = selection.name.value;
      if (walked[depth]?.has(name)) return false;
      walked[depth]?.add(name);
      return selects(info.fragments[name]?.selectionSet, depth);
    });
  return info.fieldNodes.some(({ selectionSet }) => selects(selectionSet, 0));
}
