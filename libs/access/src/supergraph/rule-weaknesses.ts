import { admittedCallers } from '../admitted-callers.ts';
import { noCaller } from '../check/rule-faults.ts';
import type { Condition } from '../conditions.ts';
import { fieldsOf, findField } from './access-changes.ts';
import { type AccessGraph, findReachableTypes } from './access-graph.ts';
import type { SupergraphFault } from './rule-names.ts';
import { callerOf, meets, waysOf } from './ways.ts';

/**
 * What is wrong with the rules of a supergraph, on what a client can reach: a field without a rule, a rule that nobody can meet, a
 * field with a weaker rule than one that it reads. Fields of interfaces are
 * not looked at: the types that implement them decide.
 */
export function findRuleWeaknesses(graph: AccessGraph): SupergraphFault[] {
  const reachable = findReachableTypes(graph);
  const fields = fieldsOf(graph).filter(({ type }) => reachable.has(type));
  const reads = graph.reads.flatMap(({ reader, read, directive, conditions }) => {
    const field = findField(graph, reader);
    if (field === undefined || conditions === undefined || !reachable.has(field.type)) return [];
    const wanted = waysOf(conditions);
    const callers = waysOf(field.conditions).filter((way) => !meets(way, wanted));
    if (callers.length === 0) return [];
    const who = callers.map(callerOf).join(', ');
    const fault = `has a weaker rule than ${read}, which it reads by @${directive}: ${who} would get a part of that`;
    return [{ line: field.line, coordinate: reader, fault }];
  });
  return [
    ...fields.flatMap(({ coordinate, line, conditions }) =>
      describeRule(conditions).map((fault) => ({ line, coordinate, fault })),
    ),
    ...reads,
  ];
}

function describeRule(conditions: readonly Condition[] | undefined): string[] {
  if (conditions === undefined) return ['has no access rule, on itself or on its type'];
  if (waysOf(conditions).length > 0) return [];
  if (admittedCallers(conditions)?.length === 0) return [noCaller];
  return conditions.filter(({ kind }) => kind === 'platform').length > 1
    ? ['has two platforms: nobody could have it']
    : ['has a rule with an empty list, which nobody can meet'];
}
