import { type StaffRole, staffRoles } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import { describe, expect, it } from 'vitest';
import { assertMayManage, mayGrant } from './manage-staff.ts';

const member = (id: string, role: StaffRole) => ({ id, role });
function refusalOf(...args: Parameters<typeof assertMayManage>): string | undefined {
  try {
    assertMayManage(...args);
    return undefined;
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    return error.reason;
  }
}

describe('assertMayManage', () => {
  it.each(staffRoles)('lets a super_admin make %s of everyone else', (role) => {
    for (const held of staffRoles) {
      expect(refusalOf(member('a', 'super_admin'), member('b', held), role)).toBeUndefined();
    }
  });

  it.each(['support', 'operations'] as const)('lets %s manage nobody, whatever the token said', (role) => {
    for (const held of staffRoles) {
      expect(refusalOf(member('a', role), member('b', held))).toBe('authz.role.deny');
      expect(refusalOf(member('a', role), member('b', 'support'), held)).toBe('authz.role.deny');
    }
  });

  it('lets nobody act on themselves', () => {
    for (const role of staffRoles) {
      expect(refusalOf(member('a', role), member('a', role), 'super_admin')).toBe('authz.permission.deny');
    }
  });

  it('lets a super_admin alone take a role away that is not there any more, and nobody give it or act by it', () => {
    const unknown = 'director' as StaffRole;
    expect(refusalOf(member('a', 'super_admin'), member('b', unknown))).toBeUndefined();
    expect(refusalOf(member('a', 'super_admin'), member('b', unknown), 'support')).toBeUndefined();
    expect(refusalOf(member('a', 'operations'), member('b', unknown), 'support')).toBe('authz.role.deny');
    for (const role of [...staffRoles, unknown]) {
      expect(mayGrant(role, unknown)).toBe(false);
      expect(mayGrant(unknown, role)).toBe(false);
      expect(refusalOf(member('a', unknown), member('b', role))).toBe('authz.role.deny');
    }
  });
});
