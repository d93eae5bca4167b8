import { type RawBuilder, sql } from 'kysely';
import type { Account, StaffAccount, UserAccount } from './account.ts';

/**
 * Where a platform keeps its accounts, sessions and refresh tokens. The statements are the same for both; that one
 * platform's process reaches the other's tables is prevented by its database role.
 */
export type PlatformTables<A extends Account> = {
  account: RawBuilder<unknown>;
  /** The columns of an account, with the type of the row that they give. */
  accountColumns: RawBuilder<A>;
  session: RawBuilder<unknown>;
  /** The session's column that holds the account's id. */
  accountId: RawBuilder<unknown>;
  refreshToken: RawBuilder<unknown>;
};

export const userTables: PlatformTables<UserAccount> = {
  account: sql.table('auth.user'),
  accountColumns: sql<UserAccount>`
    id, email, email_verified as "emailVerified", password_version as "passwordVersion", is_active as "isActive",
    created_at as "createdAt", full_name as "fullName"`,
  session: sql.table('auth.user_session'),
  accountId: sql.ref('user_id'),
  refreshToken: sql.table('auth.user_refresh_token'),
};

export const portalTables: PlatformTables<StaffAccount> = {
  account: sql.table('auth.portal_user'),
  accountColumns: sql<StaffAccount>`
    id, email, email_verified as "emailVerified", password_version as "passwordVersion", is_active as "isActive",
    created_at as "createdAt", full_name as fullname, role`,
  session: sql.table('auth.portal_session'),
  accountId: sql.ref('staff_id'),
  refreshToken: sql.table('auth.portal_refresh_token'),
};
