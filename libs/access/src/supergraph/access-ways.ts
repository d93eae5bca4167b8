import type { AccessGraph, GraphField } from './access-graph.ts';
import { combine, isRecent, meets, minimize, person, round, signedIn, type Way, waysOf } from './ways.ts';

/**
 * Whose access is looked at. Without a name: everybody's, and each way is a caller of its own. With one: of a caller who has exactly
 * what `holds` lists, as a person unless it names another kind of caller; what remains of a way are the policies that decide about each object,
 * and how recent the sign-in must be.
 */
export type Viewpoint = { name: string; holds: ReadonlySet<string> } | undefined;

/** Who gets where in a supergraph. */
export type AccessWays = {
  /** The ways to get an object of this type, or of one behind this interface or union. */
  toType(type: string): readonly Way[];
  /** The ways to meet the rule of a field, from an object that the caller has. */
  byRule(field: GraphField): readonly Way[];
  /** The ways to get a field's value from the roots. */
  toField(field: GraphField): readonly Way[];
  /** Whether there were too many ways somewhere. If not, the direction changes nothing. */
  isRounded: boolean;
};

/** Follows every field from the roots. `direction` says how very many ways are rounded (`round`). */
export function findAccessWays(
  graph: AccessGraph,
  viewpoint: Viewpoint,
  direction: 'up' | 'down',
): AccessWays {
  const rules = new Map<GraphField, readonly Way[]>();
  const byRule = (field: GraphField) => {
    const known = rules.get(field) ?? narrow(waysOf(field.conditions), viewpoint);
    rules.set(field, known);
    return known;
  };
  const reach = new Map<string, readonly Way[]>();
  const toType = (type: string) => reach.get(type) ?? [];
  const toField = (field: GraphField) => combine(toType(field.type), byRule(field));
  const open = new Set<string>();
  let isRounded = false;
  const arrive = (type: string, ways: readonly Way[]) => {
    const known = toType(type);
    const fresh = ways.filter((way) => !meets(way, known));
    if (fresh.length === 0) return;
    const all = minimize([...known, ...fresh]);
    const next = round(all, direction);
    isRounded ||= next !== all;
    // Rounded down, what was dropped before may be found again.
    if (direction === 'down' && next.every((way) => meets(way, known))) return;
    reach.set(type, next);
    open.add(type);
  };
  for (const root of graph.roots) arrive(root, [new Set()]);
  for (const type of open) {
    open.delete(type);
    for (const member of graph.members.get(type) ?? []) arrive(member, toType(type));
    for (const field of graph.types.get(type)?.values() ?? []) {
      if (graph.types.has(field.returns) || graph.members.has(field.returns))
        arrive(field.returns, toField(field));
    }
  }
  return { toType, byRule, toField, isRounded };
}

/** What a viewpoint leaves of the ways to meet a rule. Without a token, no policy and no age of a sign-in lets anybody pass. */
export function narrow(ways: readonly Way[], viewpoint: Viewpoint): readonly Way[] {
  if (viewpoint === undefined) return ways;
  // A viewpoint that names no kind of caller is a person's.
  const isOther = [...viewpoint.holds].some((need) => need.startsWith('kind '));
  const holds = isOther ? viewpoint.holds : new Set([...viewpoint.holds, person]);
  const isOpen = (need: string) => need.startsWith('policy ') || isRecent(need);
  const mayMeet = (need: string) => (isOpen(need) ? holds.has(signedIn) : holds.has(need));
  return minimize(
    ways.filter((way) => [...way].every(mayMeet)).map((way) => new Set([...way].filter(isOpen))),
  );
}
