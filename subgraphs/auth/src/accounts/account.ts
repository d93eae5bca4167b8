import type { StaffRole } from '@signet/schema/contract';
import { type RawBuilder, sql } from 'kysely';

/** What the accounts of both platforms have: the row, without what proves the password. */
export type Account = {
  id: string;
  /** Normalised. */
  email: string;
  emailVerified: boolean;
  /** Whether it ever had a verified address: then its owner is known, also while staff have given it another one. */
  wasVerified: boolean;
  fullName: string;
  passwordVersion: number;
  /** Device tokens of an earlier version are worth nothing (`devices/device-token.ts`). */
  deviceVersion: number;
  isActive: boolean;
  /** Whether its tenant lets it act although its address is not verified. */
  mayActUnverified: boolean;
  /** A language tag (RFC 5646); null for the tenant's. */
  language: string | null;
  createdAt: Date;
};

/** `role` keeps the two types apart: the compiler refuses a member of staff in the place of a customer. */
export type UserAccount = Account & { role?: never };
export type StaffAccount = Account & { role: StaffRole };

/**
 * Where a platform keeps its accounts, sessions and refresh tokens. The statements are the same for both platforms; the
 * database role of one platform's process has no rights on the other's tables.
 */
export type PlatformTables<A extends Account> = {
  account: RawBuilder<unknown>;
  /** The columns of an account, typed with the row that they give. */
  accountColumns: RawBuilder<A>;
  session: RawBuilder<unknown>;
  /** The session's column that holds the account's id. */
  accountId: RawBuilder<unknown>;
  refreshToken: RawBuilder<unknown>;
  mail: RawBuilder<unknown>;
  accountToken: RawBuilder<unknown>;
  challenge: RawBuilder<unknown>;
  totp: RawBuilder<unknown>;
  recoveryCode: RawBuilder<unknown>;
  device: RawBuilder<unknown>;
  trustedDevice: RawBuilder<unknown>;
  factorReset: RawBuilder<unknown>;
  passkey: RawBuilder<unknown>;
  usedPasskeyChallenge: RawBuilder<unknown>;
  identity: RawBuilder<unknown>;
  upstreamState: RawBuilder<unknown>;
  upstreamResult: RawBuilder<unknown>;
  upstreamLogout: RawBuilder<unknown>;
  /** Whether staff can act as its accounts (`auth.user_impersonation`). */
  hasImpersonations: boolean;
};

export const userTables: PlatformTables<UserAccount> = {
  account: sql.table('auth.user'),
  accountColumns: sql<UserAccount>`
    id, email, email_verified as "emailVerified", was_verified as "wasVerified", password_version as "passwordVersion", is_active as "isActive",
    device_version as "deviceVersion", language, created_at as "createdAt", full_name as "fullName",
    (select t.unverified_may_act from auth.tenant t where t.id = tenant_id) as "mayActUnverified"`,
  session: sql.table('auth.user_session'),
  accountId: sql.ref('user_id'),
  refreshToken: sql.table('auth.user_refresh_token'),
  mail: sql.table('auth.user_mail'),
  accountToken: sql.table('auth.user_account_token'),
  challenge: sql.table('auth.user_challenge'),
  totp: sql.table('auth.user_totp'),
  recoveryCode: sql.table('auth.user_recovery_code'),
  device: sql.table('auth.user_device'),
  trustedDevice: sql.table('auth.user_trusted_device'),
  factorReset: sql.table('auth.user_factor_reset'),
  passkey: sql.table('auth.user_passkey'),
  usedPasskeyChallenge: sql.table('auth.user_used_passkey_challenge'),
  identity: sql.table('auth.user_identity'),
  upstreamState: sql.table('auth.user_upstream_state'),
  upstreamResult: sql.table('auth.user_upstream_result'),
  upstreamLogout: sql.table('auth.user_upstream_logout'),
  hasImpersonations: true,
};

export const portalTables: PlatformTables<StaffAccount> = {
  account: sql.table('auth.portal_user'),
  accountColumns: sql<StaffAccount>`
    id, email, email_verified as "emailVerified", password_version as "passwordVersion", is_active as "isActive",
    device_version as "deviceVersion", language, created_at as "createdAt", full_name as "fullName", role,
    false as "mayActUnverified", email_verified as "wasVerified"`,
  session: sql.table('auth.portal_session'),
  accountId: sql.ref('staff_id'),
  refreshToken: sql.table('auth.portal_refresh_token'),
  mail: sql.table('auth.portal_mail'),
  accountToken: sql.table('auth.portal_account_token'),
  challenge: sql.table('auth.portal_challenge'),
  totp: sql.table('auth.portal_totp'),
  recoveryCode: sql.table('auth.portal_recovery_code'),
  device: sql.table('auth.portal_device'),
  trustedDevice: sql.table('auth.portal_trusted_device'),
  factorReset: sql.table('auth.portal_factor_reset'),
  passkey: sql.table('auth.portal_passkey'),
  usedPasskeyChallenge: sql.table('auth.portal_used_passkey_challenge'),
  identity: sql.table('auth.portal_identity'),
  upstreamState: sql.table('auth.portal_upstream_state'),
  upstreamResult: sql.table('auth.portal_upstream_result'),
  upstreamLogout: sql.table('auth.portal_upstream_logout'),
  hasImpersonations: false,
};
