import {
  codeSpan,
  compareCoordinates,
  describeConditions,
  formatTable,
  type Verdict,
} from '../access-matrix.ts';
import { fieldsOf } from './access-changes.ts';
import { type AccessGraph, findReachableTypes, type GraphField } from './access-graph.ts';
import { callerOf, isRecent, person, signedIn, type Way, waysOf } from './ways.ts';

/** A caller that the rules of a supergraph tell apart. `holds` are its needs that are met, without policies and recent sign-ins. */
export type DerivedCaller = { name: string; holds: Way };

export type SupergraphRow = Pick<GraphField, 'coordinate' | 'conditions' | 'isDefault'> & {
  verdicts: Readonly<Record<string, Verdict>>;
};

export type SupergraphMatrix = { callers: readonly DerivedCaller[]; rows: readonly SupergraphRow[] };

/** More columns than this cannot be read. Then the table has those callers only that have no scope. */
const maxColumns = 10;

/**
 * Who may have which field of a supergraph that a client can reach. The callers follow from its rules: `anonymous`, `authenticated`,
 * the platforms and each set of scopes that a rule asks for.
 */
export function createSupergraphMatrix(graph: AccessGraph): SupergraphMatrix {
  const reachable = findReachableTypes(graph);
  const fields = fieldsOf(graph).filter(({ type }) => reachable.has(type));
  const withWays = fields.map((field) => ({ field, ways: waysOf(field.conditions) }));
  const callers = deriveCallers(withWays.flatMap(({ ways }) => ways));
  const rows = withWays.map(({ field: { coordinate, conditions, isDefault }, ways }) => ({
    coordinate,
    conditions,
    isDefault,
    verdicts: Object.fromEntries(callers.map(({ name, holds }) => [name, judge(ways, holds)])),
  }));
  return { callers, rows: rows.sort((a, b) => compareCoordinates(a.coordinate, b.coordinate)) };
}

function deriveCallers(ways: readonly Way[]): DerivedCaller[] {
  const named = ways.map((way) => [...way].filter((need) => !isPolicy(need) && !isRecent(need)));
  const all = [[], [signedIn], ...named].map((needs) => {
    const holds = new Set(needs.some((need) => need.startsWith('kind ')) ? needs : [person, ...needs]);
    return { name: callerOf(holds), holds };
  });
  return [...new Map(all.map((caller) => [caller.name, caller])).values()].sort(
    (a, b) => a.holds.size - b.holds.size || (a.name < b.name ? -1 : 1),
  );
}

function judge(ways: readonly Way[], holds: Way): Verdict {
  const passing = ways.filter((way) =>
    [...way].every((need) => isPolicy(need) || isRecent(need) || holds.has(need)),
  );
  if (passing.length === 0) return 'no';
  return passing.some((way) => ![...way].some(isPolicy)) ? 'yes' : 'policy';
}

function isPolicy(need: string): boolean {
  return need.startsWith('policy ');
}

/** The matrix as Markdown, with a line for each field. */
export function formatSupergraphMatrix({ callers, rows }: SupergraphMatrix): string {
  const hasAll = callers.length <= maxColumns;
  const columns = hasAll
    ? callers
    : callers.filter(({ holds }) => ![...holds].some((need) => need.startsWith('scope ')));
  const more = hasAll
    ? []
    : [
        `The rules tell ${callers.length} callers apart. The column \`rule\` says which scopes a field asks for.`,
        '',
      ];
  return [
    '# Access matrix',
    '',
    'Who may have which field: `✓` yes, `policy` when a policy says so about the object, `·` no.',
    '',
    ...more,
    ...formatTable(
      ['field', ...columns.map(({ name }) => codeSpan(name)), 'rule'],
      rows.map(({ coordinate, conditions, isDefault, verdicts }) => [
        codeSpan(coordinate),
        ...columns.map(({ name }) => marks[verdicts[name] ?? 'no']),
        `${describeConditions(conditions)}${isDefault ? ' (default)' : ''}`,
      ]),
    ),
    '',
  ].join('\n');
}

const marks: Readonly<Record<Verdict, string>> = { yes: '✓', no: '·', policy: 'policy' };
