import type { StaffAccount, UserAccount } from './accounts/account.ts';

export type UserModel = UserAccount;
export type StaffMemberModel = StaffAccount;
