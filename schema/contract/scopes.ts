/** What a token allows, space-delimited in its `scope` claim (RFC 8693, section 4.2). */
export const scopes = [
  'profile:read',
  'orders:read',
  'orders:write',
  'customers:read',
  'customers:write',
  'customers:assign',
  'sessions:end',
  'notes:write',
  'catalog:write',
  'stock:write',
  'orders:ship',
  'dashboard:read',
  'staff:write',
  'audit:read',
] as const;
export type Scope = (typeof scopes)[number];

export const staffRoles = ['support', 'operations', 'super_admin'] as const;
export type StaffRole = (typeof staffRoles)[number];

export function isStaffRole(value: unknown): value is StaffRole {
  return staffRoles.includes(value as StaffRole);
}

/** Every customer's token carries these. */
export const userScopes: readonly Scope[] = ['profile:read', 'orders:read', 'orders:write'];

const supportScopes: readonly Scope[] = [
  'profile:read',
  'customers:read',
  'sessions:end',
  'orders:read',
  'notes:write',
  'dashboard:read',
];
const operationsScopes: readonly Scope[] = [
  ...supportScopes,
  'customers:write',
  'customers:assign',
  'catalog:write',
  'stock:write',
  'orders:ship',
];

/** The one table from a staff role to what it may do. A token's scopes are computed from it when it is signed. */
export const scopesOfRole: Readonly<Record<StaffRole, readonly Scope[]>> = {
  support: supportScopes,
  operations: operationsScopes,
  super_admin: [...operationsScopes, 'staff:write', 'audit:read'],
};

/** Whether the first of two roles may more than the second. */
export function outranks(role: StaffRole, other: StaffRole): boolean {
  return staffRoles.indexOf(role) > staffRoles.indexOf(other);
}
