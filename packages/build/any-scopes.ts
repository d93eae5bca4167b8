/*
 * What packages for others have in place of schema/contract/scopes.ts: any text is a scope, since only their installation knows
 * which there are. A test holds the exports of both together.
 */

import { type StaffRole, staffRoles } from '../../schema/contract/staff-roles.ts';

/** Why a member of staff acts as a customer, who sees it. */
export const impersonationReasons = ['SUPPORT_REQUEST', 'INVESTIGATION', 'CORRECTION'] as const;
export type ImpersonationReason = (typeof impersonationReasons)[number];

/** Who can hold a scope: every customer, staff by role, and a member of staff who acts as a customer. */
export type ScopeHolder = 'customer' | StaffRole | 'impersonated' | `impersonated for ${ImpersonationReason}`;

export const scopeHolders: Readonly<Record<string, readonly ScopeHolder[]>> = {};

/** One word of a token's `scope` claim (RFC 8693, section 4.2). */
export type Scope = string;

/** No list is complete. */
export const scopes: readonly Scope[] = [];
export const userScopes: readonly Scope[] = [];
export const scopesOfRole = Object.fromEntries(staffRoles.map((role) => [role, []])) as unknown as Readonly<
  Record<StaffRole, readonly Scope[]>
>;

/** `scope-token` of RFC 6749, section 3.3. */
export function isScope(name: string): name is Scope {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name);
}

export function isImpersonationReason(value: unknown): value is ImpersonationReason {
  return impersonationReasons.includes(value as ImpersonationReason);
}

/** Nobody knows which scopes an installation asks for, or which only read. */
export function scopesToImpersonate(_reason: ImpersonationReason): readonly Scope[] {
  return [];
}
export function scopesOfImpersonated(_reason: ImpersonationReason): readonly Scope[] {
  return [];
}
