import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { findHolderFaults, findRoleFaults, findScopeFaults, findUnusedScopes } from './scope-faults.ts';

const table = {
  'a:read': ['customer', 'support'],
  'a:write': ['customer'],
  'b:write': ['support'],
  'c:write': [],
};
const subgraph = (sdl: string) => ({ name: 'things', sdl: parse(sdl), policies: [] });
const faultsOf = (sdl: string) =>
  findScopeFaults([subgraph(sdl)], table).map(
    ({ coordinate, subgraph: name, fault }) => `${coordinate} (${name}): ${fault}`,
  );

test('accepts scopes that somebody has, alone, as alternatives and together', () => {
  expect(
    faultsOf(`type Query @requiresScopes(scopes: [["a:read", "a:write"]]) { a: Int }
      type A { a: Int @requiresScopes(scopes: [["a:write"], ["b:write"]]) b: Int @public }`),
  ).toEqual([]);
});

test.each([
  ['that is not in the table', 'a:raed'],
  ['without a holder', 'c:write'],
  ['that is a name of every object', 'toString'],
])('refuses a scope %s, on a type and on a field', (_title, scope) => {
  const rule = `@requiresScopes(scopes: [["a:read"], ["${scope}"]])`;
  const fault = `names the scope '${scope}', which no customer and no staff role has (schema/contract/scopes.ts)`;
  expect(faultsOf(`type A ${rule} { a: Int } extend type Query { b: Int ${rule} }`)).toEqual([
    `A (things): ${fault}`,
    `Query.b (things): ${fault}`,
  ]);
});

test('refuses scopes that nobody has together', () => {
  expect(faultsOf('type A { a: Int @requiresScopes(scopes: [["a:write", "b:write"]]) }')).toEqual([
    "A.a (things): asks for 'a:write' and 'b:write' together, which no customer and no staff role has",
  ]);
});

test('lists the scopes that no rule of any subgraph uses', () => {
  const one = subgraph('type A { a: Int @requiresScopes(scopes: [["a:read"]]) }');
  const other = subgraph('type A @requiresScopes(scopes: [["b:write"], ["a:read"]]) { b: Int }');
  expect(findUnusedScopes([one, other], table)).toEqual(['a:write', 'c:write']);
  expect(findUnusedScopes([], table)).toEqual(Object.keys(table));
});

test('names a holder that nobody is', () => {
  const holders = ['customer', 'support'];
  expect(findHolderFaults(table, holders)).toEqual([]);
  expect(findHolderFaults({ ...table, 'b:write': ['support', 'suport'] }, holders)).toEqual([
    "the scope 'b:write' names 'suport', which is none of customer, support",
  ]);
});

test('names a role that is half added', () => {
  const roles = ['auditor', 'support', 'super_admin'];
  const whole = {
    'staff:write': ['super_admin'],
    'audit:read': ['auditor', 'super_admin'],
    'notes:write': ['support', 'super_admin'],
  };
  // A role need not have what a lower one has, unless it may give that role.
  expect(findRoleFaults(whole, roles)).toEqual([]);
  expect(findRoleFaults({ ...whole, 'audit:read': ['super_admin'] }, roles)).toEqual([
    "no scope names the role 'auditor': add 'auditor' to the lines of its scopes",
  ]);
  expect(findRoleFaults({ ...whole, 'audit:read': ['auditor'] }, roles)).toEqual([
    "the scope 'audit:read' names 'auditor' and not 'super_admin', who may give that role: add 'super_admin' to the line",
  ]);
  expect(findRoleFaults(whole, ['support', 'super_admin', 'auditor'])).toEqual([
    "the role 'auditor' is the last of staff-roles.ts: super_admin ranks highest, move it to the end",
  ]);
});
