import type { Platform } from '@signet/schema/contract';
import type { SigningKey } from './signing-key.ts';

/** A platform's keys, as they are now: what signs, and what its tokens are verified with. */
export type KeyRing = {
  platform: Platform;
  /** Named where the two platforms turn out to share a key. */
  variable: string;
  /** @throws {RefusalError} auth.unavailable, when this process can't know which key signs. */
  getSigningKey(): Promise<SigningKey>;
  /** All whose tokens hold now; one that is published but does not sign yet is among them. */
  listPublished(): readonly PublicKey[];
  /** Reason why it can't sign, or nothing. Strangers may read it. */
  checkReady(): Promise<string | undefined>;
  stop(): Promise<void>;
};

/** What verifying takes of a key. */
export type PublicKey = Pick<SigningKey, 'kid' | 'algorithm' | 'publicJwk'>;
