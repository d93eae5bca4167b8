import type { Condition } from '../conditions.ts';
import type { AccessFault, ReadSubgraph } from './access-fault.ts';

/**
 * Coordinates with two different platforms, whether one subgraph wrote both or two wrote one each, on the field or on its
 * type. Composition would keep one of them, or both: either is not what somebody meant.
 */
export function findPlatformConflicts(subgraphs: readonly ReadSubgraph[]): AccessFault[] {
  const onType = new Map<string, Written[]>();
  const onField = new Map<string, Written[]>();
  for (const { name, book } of subgraphs) {
    for (const [type, rules] of book) {
      add(onType, type, name, rules.conditions);
      for (const [field, rule] of rules.fields) {
        add(onField, `${type}.${field}`, name, rule.conditions);
      }
    }
  }
  const types = [...onType].map(([coordinate, written]) => describe(coordinate, written));
  const fields = [...onField]
    .filter(([, written]) => written.length > 0)
    .map(([coordinate, written]) => {
      const type = coordinate.slice(0, coordinate.indexOf('.'));
      return describe(coordinate, [...written, ...(onType.get(type) ?? [])]);
    });
  return [...types, ...fields].filter((fault) => fault !== undefined);
}

type Written = { platform: string; subgraph: string };

function add(
  map: Map<string, Written[]>,
  coordinate: string,
  subgraph: string,
  conditions: readonly Condition[],
): void {
  const written = map.get(coordinate) ?? [];
  written.push(
    ...conditions.flatMap((condition) =>
      condition.kind === 'platform' ? [{ platform: condition.is, subgraph }] : [],
    ),
  );
  map.set(coordinate, written);
}

function describe(coordinate: string, written: readonly Written[]): AccessFault | undefined {
  if (new Set(written.map(({ platform }) => platform)).size < 2) {
    return undefined;
  }
  const who = written.map(({ platform, subgraph }) => `${platform.toUpperCase()} in ${subgraph}`);
  return {
    coordinate,
    subgraph: written[0]?.subgraph ?? '',
    fault: `has two platforms (${[...new Set(who)].join(', ')}): nobody could have it`,
  };
}
