import type { DocumentNode } from 'graphql';
import { admittedCallers, personsOnly } from '../admitted-callers.ts';
import type { Condition } from '../conditions.ts';
import { conditionsOf, type RuleBook } from '../rule-book.ts';

/** A subgraph to check: its whole SDL, and the names of the functions in its policies.ts. */
export type CheckedSubgraph = { name: string; sdl: DocumentNode; policies: readonly string[] };

/** A subgraph with the rules in its SDL. */
export type ReadSubgraph = CheckedSubgraph & { book: RuleBook };

/** A fault with its coordinate (`Query.naked`). */
export type AccessFault = { coordinate: string; subgraph: string; fault: string };

/** Fields with no rule on themselves or on their type. */
export function findMissingRules({ name: subgraph, book }: ReadSubgraph): AccessFault[] {
  return [...book].flatMap(([type, rules]) => {
    if (rules.isInterface || rules.hasRule) {
      return [];
    }
    return [...rules.fields]
      .filter(([, rule]) => !rule.hasRule)
      .map(([field]) => ({
        coordinate: `${type}.${field}`,
        subgraph,
        fault: 'has no access rule, on itself or on its type',
      }));
  });
}

/** Types that `_entities` would load for everybody: the rules of their fields apply only after that. */
export function findUnruledEntities({ name: subgraph, book }: ReadSubgraph): AccessFault[] {
  return [...book]
    .filter(([, rules]) => rules.isEntity && !rules.isInterface && !rules.hasRule)
    .map(([coordinate]) => ({
      coordinate,
      subgraph,
      fault:
        'is an entity and has no access rule on the type: references to it would be loaded for everybody',
    }));
}

/** Composition copies a rule on an interface, but nothing enforces it: the implementations decide. */
export function findRulesOnInterfaces({ name: subgraph, book }: ReadSubgraph): AccessFault[] {
  const fault = 'is on an interface: put the rule on the types that implement it';
  return [...book]
    .filter(([, rules]) => rules.isInterface)
    .flatMap(([type, rules]) => [
      ...(rules.hasRule ? [{ coordinate: type, subgraph, fault }] : []),
      ...[...rules.fields]
        .filter(([, rule]) => rule.hasRule)
        .map(([field]) => ({ coordinate: `${type}.${field}`, subgraph, fault })),
    ]);
}

/**
 * Coordinates with two different platforms, in one subgraph or in two, on the field or on its type. Composition would keep one or
 * both of them; neither is what the authors meant.
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

export const noCaller =
  'admits no caller: what its @callers admits, a rule of its type or another one of its own does not. A rule without @callers admits persons only';

/** Fields whose rules, with those of their type, admit no kind of caller together. */
export function findCallerFaults({ name: subgraph, book }: ReadSubgraph): AccessFault[] {
  return [...book].flatMap(([type, rules]) =>
    [...rules.fields.keys()]
      .filter((field) => admittedCallers(conditionsOf(book, type, field) ?? [])?.length === 0)
      .map((field) => ({ coordinate: `${type}.${field}`, subgraph, fault: noCaller })),
  );
}

/**
 * Coordinates with `@callers` in one subgraph and a rule without it in another. Each subgraph enforces its own, and composition keeps what is
 * written: the supergraph would admit callers whom the second subgraph refuses.
 */
export function findUnsaidCallers(subgraphs: readonly Pick<ReadSubgraph, 'name' | 'book'>[]): AccessFault[] {
  const written = subgraphs.flatMap(({ name, book }) =>
    [...book].flatMap(([type, { conditions, fields }]) => [
      { coordinate: type, subgraph: name, conditions },
      ...[...fields].map(([field, rule]) => ({
        coordinate: `${type}.${field}`,
        subgraph: name,
        conditions: rule.conditions,
      })),
    ]),
  );
  const says = ({ conditions }: (typeof written)[number]) =>
    conditions.some((one) => one.kind === 'callers' && one !== personsOnly);
  const saying = new Map(written.filter(says).map((one) => [one.coordinate, one]));
  const describe = (coordinate: string) => {
    const there = saying.get(coordinate);
    const callers = there?.conditions.flatMap((one) => (one.kind === 'callers' ? one.are : []));
    const are = `@callers(are: [${callers?.map((kind) => kind.toUpperCase()).join(', ')}])`;
    return `has a rule without @callers, and one with it in ${there?.subgraph}: say ${are} here too. @callers(are: [PERSON]) would take ${coordinate} from the others in every subgraph`;
  };
  return written
    .filter(({ coordinate, conditions }) => saying.has(coordinate) && conditions.includes(personsOnly))
    .map(({ coordinate, subgraph }) => ({
      coordinate,
      subgraph,
      fault: describe(coordinate),
    }));
}

/** Rules that name a policy without a function, and rules with an empty list. */
export function findPolicyFaults({ name: subgraph, book, policies }: ReadSubgraph): AccessFault[] {
  const known = new Set(policies);
  return [...book].flatMap(([type, rules]) => [
    ...faultsOf(rules.conditions, known).map((fault) => ({ coordinate: type, subgraph, fault })),
    ...[...rules.fields].flatMap(([field, rule]) =>
      faultsOf(rule.conditions, known).map((fault) => ({ coordinate: `${type}.${field}`, subgraph, fault })),
    ),
  ]);
}

function faultsOf(conditions: readonly Condition[], known: ReadonlySet<string>): string[] {
  return conditions.flatMap((condition) => {
    if (condition.kind !== 'policies' && condition.kind !== 'scopes') {
      return [];
    }
    if (condition.anyOf.length === 0 || condition.anyOf.some((allOf) => allOf.length === 0)) {
      return [`has an empty list of ${condition.kind}, which nobody can meet`];
    }
    const names = condition.kind === 'policies' ? condition.anyOf.flat() : [];
    return [...new Set(names)]
      .filter((name) => !known.has(name))
      .map((name) => `names the policy '${name}', for which policies.ts has no function`);
  });
}
