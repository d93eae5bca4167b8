import { readRuleBook } from '../rule-book.ts';
import type { AccessFault, CheckedSubgraph } from './rule-faults.ts';

/** Who holds each scope: `scopeHolders` of schema/contract. */
export type ScopeTable = Readonly<Record<string, readonly string[]>>;

/**
 * Rules that nobody can pass: one names a scope that no customer and no staff role has, or asks for scopes together that nobody
 * has together.
 */
export function findScopeFaults(subgraphs: readonly CheckedSubgraph[], table: ScopeTable): AccessFault[] {
  return subgraphs.flatMap((subgraph) =>
    readScopeRules(subgraph).flatMap(({ coordinate, allOf }) =>
      describeUnheld(allOf, table).map((fault) => ({ coordinate, subgraph: subgraph.name, fault })),
    ),
  );
}

/** The scopes of the table that no rule names, in the table's order. Code may still use them, by `requireScope` or in a policy. */
export function findUnusedScopes(subgraphs: readonly CheckedSubgraph[], table: ScopeTable): string[] {
  const used = new Set(subgraphs.flatMap(readScopeRules).flatMap(({ allOf }) => allOf));
  return Object.keys(table).filter((scope) => !used.has(scope));
}

/** Holders of the table that are no customer, no staff role and no impersonation: what only they hold, nobody gets. */
export function findHolderFaults(table: ScopeTable, holders: readonly string[]): string[] {
  return Object.entries(table).flatMap(([scope, named]) =>
    named
      .filter((holder) => !holders.includes(holder))
      .map((holder) => `the scope '${scope}' names '${holder}', which is none of ${holders.join(', ')}`),
  );
}

/**
 * Roles of staff that nobody can work with, or that could pass on more than they have: whoever manages staff gives roles up to their own
 * rank, and so needs every scope of those.
 *
 * @param roles the lowest rank first
 */
export function findRoleFaults(table: ScopeTable, roles: readonly string[]): string[] {
  const holds = (role: string, scope: string) => table[scope]?.includes(role) ?? false;
  const all = Object.keys(table);
  const withoutScope = roles.filter((role) => !all.some((scope) => holds(role, scope)));
  const top = roles.at(-1);
  return [
    ...withoutScope.map(
      (role) => `no scope names the role '${role}': add '${role}' to the lines of its scopes`,
    ),
    ...(top === 'super_admin'
      ? []
      : [`the role '${top}' is the last of staff-roles.ts: super_admin ranks highest, move it to the end`]),
    ...roles.flatMap((manager, rank) => {
      if (!holds(manager, 'staff:write')) return [];
      return all.flatMap((scope) => {
        const below = roles.slice(0, rank).filter((role) => holds(role, scope));
        return below.length === 0 || holds(manager, scope)
          ? []
          : [
              `the scope '${scope}' names '${below.join("', '")}' and not '${manager}', who may give that role: add '${manager}' to the line`,
            ];
      });
    }),
  ];
}

function describeUnheld(allOf: readonly string[], table: ScopeTable): string[] {
  const holdersOf = (scope: string) => (Object.hasOwn(table, scope) ? (table[scope] ?? []) : []);
  const unheld = allOf.filter((scope) => holdersOf(scope).length === 0);
  if (unheld.length > 0) {
    return unheld.map(
      (scope) =>
        `names the scope '${scope}', which no customer and no staff role has (schema/contract/scopes.ts)`,
    );
  }
  const [first = [], ...rest] = allOf.map(holdersOf);
  const isHeld = first.some((holder) => rest.every((holders) => holders.includes(holder)));
  const names = allOf.map((scope) => `'${scope}'`).join(' and ');
  return isHeld || allOf.length === 0
    ? [] // An empty list is a fault of its own, in rule-faults.ts.
    : [`asks for ${names} together, which no customer and no staff role has`];
}

/** Each list of scopes that a rule asks for, with the type or field that carries the rule. */
function readScopeRules({ sdl }: CheckedSubgraph): { coordinate: string; allOf: readonly string[] }[] {
  const rules = [...readRuleBook(sdl)].flatMap(([type, { conditions, fields }]) => [
    { coordinate: type, conditions },
    ...[...fields].map(([field, rule]) => ({ coordinate: `${type}.${field}`, conditions: rule.conditions })),
  ]);
  return rules.flatMap(({ coordinate, conditions }) =>
    conditions.flatMap((condition) =>
      condition.kind === 'scopes' ? condition.anyOf.map((allOf) => ({ coordinate, allOf })) : [],
    ),
  );
}
