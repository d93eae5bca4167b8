import { expect, test } from 'vitest';
import { isStaffRole, outranks, scopes, scopesOfRole, staffRoles, userScopes } from './scopes.ts';

test('each role may do what the one below it may, and more', () => {
  for (const [index, role] of staffRoles.entries()) {
    const below = staffRoles[index - 1];
    expect(new Set(scopesOfRole[role]).size).toBe(scopesOfRole[role].length);
    if (below) {
      expect(scopesOfRole[role]).toEqual(expect.arrayContaining([...scopesOfRole[below]]));
      expect(scopesOfRole[role].length).toBeGreaterThan(scopesOfRole[below].length);
    }
  }
});

test('a customer has no scope that changes the shop or reads of others', () => {
  expect(userScopes).toEqual(['profile:read', 'orders:read', 'orders:write']);
});

test('somebody has each scope', () => {
  const granted = new Set([...userScopes, ...Object.values(scopesOfRole).flat()]);
  expect(granted).toEqual(new Set(scopes));
});

test.each(['root', 'SUPPORT', '', '__proto__', ['support'], null, undefined])('%j is no role', (value) => {
  expect(isStaffRole(value)).toBe(false);
});

test('a role outranks those below it, and neither itself nor one above', () => {
  expect(staffRoles.map((role) => staffRoles.filter((other) => outranks(role, other)))).toEqual([
    [],
    ['support'],
    ['support', 'operations'],
  ]);
});
