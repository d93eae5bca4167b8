import { type StaffRole, staffRoles } from './staff-roles.ts';

/** Why a member of staff acts as a customer, who sees it. */
export const impersonationReasons = ['SUPPORT_REQUEST', 'INVESTIGATION', 'CORRECTION'] as const;
export type ImpersonationReason = (typeof impersonationReasons)[number];

/**
 * Who can hold a scope: every customer, staff by role, and a member of staff who acts as a customer, whatever the reason (what only reads)
 * or for one reason.
 */
export type ScopeHolder = 'customer' | StaffRole | 'impersonated' | `impersonated for ${ImpersonationReason}`;

/**
 * The one table of the scopes of this installation and of who holds them. Add a scope by adding a line; everything else
 * follows. `npm run access` refuses a rule with a scope that nobody holds, and lists the scopes that no rule uses.
 */
export const scopeHolders = {
  'profile:read': ['customer', 'impersonated', 'support', 'operations', 'super_admin'],
  'orders:read': ['customer', 'impersonated', 'support', 'operations', 'super_admin'],
  'orders:write': ['customer', 'impersonated for CORRECTION'],
  'customers:read': ['support', 'operations', 'super_admin'],
  'customers:write': ['operations', 'super_admin'],
  'customers:impersonate': ['operations', 'super_admin'],
  'customers:assign': ['operations', 'super_admin'],
  'sessions:end': ['support', 'operations', 'super_admin'],
  'notes:write': ['support', 'operations', 'super_admin'],
  'catalog:write': ['operations', 'super_admin'],
  'stock:write': ['operations', 'super_admin'],
  'orders:ship': ['operations', 'super_admin'],
  'refusals:read': ['support', 'operations', 'super_admin'],
  'dashboard:read': ['support', 'operations', 'super_admin'],
  'staff:write': ['super_admin'],
  'services:write': ['super_admin'],
  'keys:write': ['super_admin'],
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

/** What a member of staff must hold beside `customers:impersonate` for a reason that opens more than reading. */
const neededForReason: Readonly<Record<ImpersonationReason, readonly Scope[]>> = {
  SUPPORT_REQUEST: [],
  INVESTIGATION: [],
  CORRECTION: ['customers:write'],
};

export function isImpersonationReason(value: unknown): value is ImpersonationReason {
  return impersonationReasons.includes(value as ImpersonationReason);
}

/** The scopes that a member of staff needs to act as a customer for this reason. */
export function scopesToImpersonate(reason: ImpersonationReason): readonly Scope[] {
  return ['customers:impersonate', ...neededForReason[reason]];
}

/** The scopes of an impersonated customer's token: never one that the customer's own tokens lack. */
export function scopesOfImpersonated(reason: ImpersonationReason): readonly Scope[] {
  const open = new Set([...scopesOf('impersonated'), ...scopesOf(`impersonated for ${reason}`)]);
  return userScopes.filter((scope) => open.has(scope));
}

/** The scopes of a staff role. They are written into a token when it is signed. */
export const scopesOfRole = Object.fromEntries(staffRoles.map((role) => [role, scopesOf(role)])) as Readonly<
  Record<StaffRole, readonly Scope[]>
>;

function scopesOf(holder: ScopeHolder): readonly Scope[] {
  return holders.filter(([, held]) => held.includes(holder)).map(([scope]) => scope as Scope);
}
