import type { Database, SampledAudit } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import type { Account, StaffAccount, UserAccount } from '../accounts/account.ts';
import type { PlatformTables } from '../accounts/platform-tables.ts';
import type { PasswordWorkers } from '../passwords/password-workers.ts';
import type { Lifetimes } from '../platform-settings.ts';
import type { SignInThrottle } from '../throttle/sign-in-throttle.ts';
import type { AccessTokenSigner } from '../tokens/access-token-signer.ts';

/** All that signing in on one platform takes. A process that does not hold a platform has none for it. */
export type PlatformIssuer<A extends Account = Account> = {
  platform: Platform;
  db: Kysely<Database>;
  tables: PlatformTables<A>;
  passwords: PasswordWorkers;
  throttle: SignInThrottle;
  samples: SampledAudit;
  lifetimes: Lifetimes;
  signAccessToken: AccessTokenSigner<A>;
  now(): Date;
};

export type UserIssuer = PlatformIssuer<UserAccount>;
export type PortalIssuer = PlatformIssuer<StaffAccount>;
