import type { StaffRole } from '@signet/schema/contract';

/** What both platforms' accounts have. The row itself, without what proves the password. */
export type Account = {
  id: string;
  /** Normalised. */
  email: string;
  emailVerified: boolean;
  passwordVersion: number;
  isActive: boolean;
  createdAt: Date;
};

export type UserAccount = Account & { fullName: string };
export type StaffAccount = Account & { fullname: string; role: StaffRole };
