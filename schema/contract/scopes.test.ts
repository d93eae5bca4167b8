import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  impersonationReasons,
  scopeHolders,
  scopes,
  scopesOfImpersonated,
  scopesOfRole,
  scopesToImpersonate,
  userScopes,
} from './scopes.ts';
import { isStaffRole, nameOfStaffRole, outranks, type StaffRole, staffRoles } from './staff-roles.ts';

test('each role that comes along may do what the one below it may, and more', () => {
  const comingAlong = ['support', 'operations', 'super_admin'] as const;
  expect(staffRoles.filter((role) => comingAlong.some((one) => one === role))).toEqual(comingAlong);
  for (const [index, role] of comingAlong.entries()) {
    const below = comingAlong[index - 1];
    expect(new Set(scopesOfRole[role]).size).toBe(scopesOfRole[role].length);
    if (below) {
      expect(scopesOfRole[role]).toEqual(expect.arrayContaining([...scopesOfRole[below]]));
      expect(scopesOfRole[role].length).toBeGreaterThan(scopesOfRole[below].length);
    }
  }
});

/** What a customer may do with what is their own. An installation without the shop has fewer. */
const ownScopes: readonly string[] = ['profile:read', 'orders:read', 'orders:write'];

test("a customer has no scope that changes the shop or reads other people's data", () => {
  expect(userScopes).toContain('profile:read');
  expect(userScopes.filter((scope) => !ownScopes.includes(scope))).toEqual([]);
});

test('who acts as a customer reads, and changes something for a reason that opens it; never what the customer may not', () => {
  for (const reason of impersonationReasons) {
    const held = scopesOfImpersonated(reason);
    expect(held).toContain('profile:read');
    expect(held.filter((scope) => !userScopes.includes(scope))).toEqual([]);
    const changes = held.filter((scope) => !scope.endsWith(':read'));
    if (reason !== 'CORRECTION') expect(changes, reason).toEqual([]);
    // Whoever only may look must not get more by naming another reason.
    else expect(scopesToImpersonate(reason)).toEqual(['customers:impersonate', 'customers:write']);
    expect(scopesToImpersonate(reason)).toContain('customers:impersonate');
  }
  expect(scopesOfRole.support).not.toContain('customers:impersonate');
});

test('each scope has a holder, and no holder twice', () => {
  const granted = new Set([...userScopes, ...Object.values(scopesOfRole).flat()]);
  expect(granted).toEqual(new Set(scopes));
  for (const held of Object.values(scopeHolders)) expect(new Set(held).size).toBe(held.length);
});

test('each scope stands on one line with its holders, so that a text edit removes it', () => {
  const lines = readFileSync(join(import.meta.dirname, 'scopes.ts'), 'utf8').split('\n');
  for (const scope of scopes) {
    expect(
      lines.filter((line) => /^ {2}'[^']+': \[.*\],$/.test(line) && line.includes(`'${scope}'`)),
    ).toHaveLength(1);
  }
});

test.each(['root', 'SUPPORT', '', '__proto__', ['support'], null, undefined])('%j is no role', (value) => {
  expect(isStaffRole(value)).toBe(false);
});

test('a role outranks those below it, and neither itself nor one above', () => {
  for (const [rank, role] of staffRoles.entries()) {
    expect(staffRoles.filter((other) => outranks(role, other))).toEqual(staffRoles.slice(0, rank));
  }
  expect(outranks('super_admin', 'operations')).toBe(true);
});

test.each(['director', 'SUPPORT', 'toString', '__proto__'])(
  '%s, which is no role, is for who has the last one to take away',
  (text) => {
    const unknown = text as StaffRole;
    expect(staffRoles.filter((role) => !outranks(unknown, role))).toEqual(['super_admin']);
    expect(staffRoles.filter((role) => outranks(unknown, role))).toHaveLength(staffRoles.length - 1);
    expect(staffRoles.every((role) => outranks(role, unknown))).toBe(true);
    expect(outranks(unknown, unknown)).toBe(true);
  },
);

test.each([
  ['de', 'Betrieb'],
  ['de-AT', 'Betrieb'],
  ['en', 'Operations'],
  ['fr', 'Operations'],
  ['den', 'Operations'],
])('a role has a name in the language %s', (language, name) => {
  expect(nameOfStaffRole('operations', language)).toBe(name);
});
