export const staffRoles = ['support', 'operations', 'super_admin'] as const;
export type StaffRole = (typeof staffRoles)[number];

/** Who can hold a scope: every customer, and staff by role. */
export type ScopeHolder = 'customer' | StaffRole;

/**
 * The one table of the scopes of this installation and of who holds them. Add a scope by adding a line; everything else
 * follows. `npm run access` refuses a rule with a scope that nobody holds, and lists the scopes that no rule uses.
 */
export const scopeHolders = {
  'profile:read': ['customer', 'support', 'operations', 'super_admin'],
  'orders:read': ['customer', 'support', 'operations', 'super_admin'],
  'orders:write': ['customer'],
  'customers:read': ['support', 'operations', 'super_admin'],
  'customers:write': ['operations', 'super_admin'],
  'customers:assign': ['operations', 'super_admin'],
  'sessions:end': ['support', 'operations', 'super_admin'],
  'notes:write': ['support', 'operations', 'super_admin'],
  'catalog:write': ['operations', 'super_admin'],
  'stock:write': ['operations', 'super_admin'],
  'orders:ship': ['operations', 'super_admin'],
  'dashboard:read': ['support', 'operations', 'super_admin'],
  'staff:write': ['super_admin'],
  'services:write': ['super_admin'],
  'audit:read': ['super_admin'],
} as const satisfies Readonly<Record<string, readonly ScopeHolder[]>>;

/** What a token allows, space-delimited in its `scope` claim (RFC 8693, section 4.2). */
export type Scope = keyof typeof scopeHolders;

const holders: readonly (readonly [string, readonly ScopeHolder[]])[] = Object.entries(scopeHolders);
export const scopes = holders.map(([scope]) => scope as Scope);
const knownScopes: ReadonlySet<string> = new Set(scopes);

export function isScope(name: string): name is Scope {
  return knownScopes.has(name);
}

/** The scopes of every customer's token. */
export const userScopes: readonly Scope[] = scopesOf('customer');

/** The scopes of a staff role. They are written into a token when it is signed. */
export const scopesOfRole = Object.fromEntries(staffRoles.map((role) => [role, scopesOf(role)])) as Readonly<
  Record<StaffRole, readonly Scope[]>
>;

function scopesOf(holder: ScopeHolder): readonly Scope[] {
  return holders.filter(([, held]) => held.includes(holder)).map(([scope]) => scope as Scope);
}

export function isStaffRole(value: unknown): value is StaffRole {
  return staffRoles.includes(value as StaffRole);
}

/** Whether the first role ranks above the second. */
export function outranks(role: StaffRole, other: StaffRole): boolean {
  return staffRoles.indexOf(role) > staffRoles.indexOf(other);
}
