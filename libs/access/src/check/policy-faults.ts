import type { Condition } from '../conditions.ts';
import type { AccessFault, ReadSubgraph } from './access-fault.ts';

/** Rules that name a policy without a function, and rules that name nothing. */
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
