import { type Condition, implies } from '../conditions.ts';
import { conditionsOf, type RuleBook } from '../rule-book.ts';
import { fieldsOf, findField } from './access-changes.ts';
import { type AccessGraph, findReachableTypes } from './access-graph.ts';
import type { SupergraphFault } from './rule-names.ts';
import { callerOf, combine, meets, type Way, waysOf } from './ways.ts';

/**
 * What is wrong with the rules of a supergraph, on what a client can reach: a field without a rule, a rule that nobody can meet,
 * a field that reads another one and has a weaker rule, a field with a weaker rule than its interface has.
 */
export function findRuleWeaknesses(graph: AccessGraph, book: RuleBook): SupergraphFault[] {
  const reachable = findReachableTypes(graph);
  const fields = fieldsOf(graph).filter(({ type }) => reachable.has(type));
  return [
    ...fields.flatMap(({ coordinate, line, conditions }) =>
      describeRule(conditions).map((fault) => ({ coordinate, line, fault })),
    ),
    ...graph.reads.flatMap((read) => {
      const field = findField(graph, read.reader);
      if (!field?.conditions || !read.conditions || !reachable.has(field.type)) return [];
      const missing = findMissing(field.conditions, read.conditions);
      if (missing.length === 0) return [];
      const fault = `has a weaker rule than ${read.read}, which it reads by @${read.directive}: ${missing.map(callerOf).join(', ')} would get a part of that`;
      return [{ coordinate: read.reader, line: field.line, fault }];
    }),
    ...fields.flatMap(({ coordinate, type, line, conditions }) => {
      const name = coordinate.slice(type.length + 1);
      return [...graph.members]
        .filter(([, members]) => members.has(type))
        .flatMap(([abstract]) => {
          const wanted = book.get(abstract)?.isInterface ? conditionsOf(book, abstract, name) : undefined;
          if (!wanted || !conditions || isByDefaultOnly(book, abstract, name)) return [];
          const missing = findMissing(conditions, wanted);
          if (missing.length === 0) return [];
          const fault = `has a weaker rule than ${abstract}.${name}: the rule of an interface does not hold for the types that implement it`;
          return [{ coordinate, line, fault }];
        });
    }),
  ];
}

function describeRule(conditions: readonly Condition[] | undefined): string[] {
  if (conditions === undefined) return ['has no access rule, on itself or on its type'];
  if (waysOf(conditions).length > 0) return [];
  const platforms = conditions.filter(({ kind }) => kind === 'platform');
  return [
    platforms.length > 1
      ? 'has two platforms: nobody could have it'
      : 'has a rule with an empty list, which nobody can meet',
  ];
}

/** The ways to meet `given` that do not meet `wanted`. */
function findMissing(given: readonly Condition[], wanted: readonly Condition[]): Way[] {
  if (wanted.every((condition) => implies(given, condition))) return [];
  const ways = waysOf(wanted);
  return combine(waysOf(given), [new Set()]).filter((way) => !meets(way, ways));
}

function isByDefaultOnly(book: RuleBook, type: string, field: string): boolean {
  return book.get(type)?.fields.get(field)?.isDefault ?? false;
}
