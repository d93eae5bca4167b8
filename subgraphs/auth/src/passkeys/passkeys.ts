import { createHash } from 'node:crypto';
import type { Platform } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { createPasskeyChallenges, type PasskeyChallenges } from './passkey-challenge.ts';
import type { RelyingParty } from './passkey-settings.ts';

/** What passkeys of a platform need. */
export type Passkeys = { party: RelyingParty; challenges: PasskeyChallenges };

/** @param secrets the first signs challenges, all are known. */
export function openPasskeys(
  party: RelyingParty | undefined,
  platform: Platform,
  secrets: readonly Uint8Array[],
): Passkeys | undefined {
  return party && { party, challenges: createPasskeyChallenges(secrets, platform) };
}

/** @throws {RefusalError} authz.permission.deny where passkeys are not configured */
export function getPasskeys<A extends Account>({ passkeys }: Pick<PlatformIssuer<A>, 'passkeys'>): Passkeys {
  if (passkeys) return passkeys;
  throw new RefusalError('authz.permission.deny', {
    text: 'Passkeys are not configured here: it is not known at which domain they would work.',
  });
}

/** What authenticators call an account (WebAuthn Level 3, section 14.6.1): nothing about the person. 32 bytes. */
export function userHandleOf(platform: Platform, accountId: string): Buffer {
  return createHash('sha256').update(`signet passkey ${platform} ${accountId}`).digest();
}
