import type { Platform } from '@signet/schema/contract';
import type { RevocationFeed } from '@signet/session';
import type { KeyTiming } from './keys/key-timing.ts';

/** What tests and the launcher set, and no environment variable can. */
export type AuthOptions = {
  now?: () => Date;
  /** Shorter intervals in the life of a signing key. */
  keyTiming?: Partial<KeyTiming>;
  /** Jobs that may wait for a platform's hashing thread. */
  maxQueuedPasswords?: number;
  /** bcrypt cost of the hash that stands in for unknown accounts; must be that of the accounts there are. */
  passwordCost?: number;
  /** Told of every comparison of a password. */
  onCompare?: (compare: { platform: Platform; cost: number }) => void;
  /** Told of every SQL statement. */
  onQuery?: (sql: string) => void;
  /** A feed that several servers share. */
  revocations?: RevocationFeed | undefined;
};
