import type { AccessFault, ReadSubgraph } from './access-fault.ts';

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

/** Types that `_entities` loads for everybody: their fields' own rules come after that. */
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
