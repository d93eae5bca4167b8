import { randomUUID } from 'node:crypto';
import {
  audienceOf,
  type ImpersonationReason,
  issuerOf,
  scopesOfImpersonated,
} from '@signet/schema/contract';
import type { UserAccount } from '../accounts/account.ts';
import { toSeconds } from '../dates.ts';
import type { SigningKey } from '../keys/signing-key.ts';
import { signClaims, type TokenTimes } from './access-token-signer.ts';

/** Whom a token lets act, as whom, and in which impersonation. */
export type ImpersonatedSubject = {
  account: UserAccount;
  tenantId: string;
  impersonationId: string;
  staffId: string;
  reason: ImpersonationReason;
  /** As in `TokenSubject`. */
  isVerificationWaived: boolean;
};

export type ImpersonatedTokenSigner = (subject: ImpersonatedSubject, times: TokenTimes) => Promise<string>;

/**
 * Signs tokens by which a member of staff acts as a customer (RFC 8693, section 4.1): the customer's `sub`, the member's `act`, the scopes
 * that the reason opens, and nothing that says how or when somebody signed in.
 */
export function createImpersonatedTokenSigner(issuerUrl: string, key: SigningKey): ImpersonatedTokenSigner {
  return (
    { account, tenantId, impersonationId, staffId, reason, isVerificationWaived },
    { issuedAt, expiresAt },
  ) =>
    signClaims(
      {
        iss: issuerOf(issuerUrl, 'user'),
        aud: audienceOf('user'),
        platform: 'user',
        sub: account.id,
        act: { sub: staffId, iss: issuerOf(issuerUrl, 'portal') },
        sid: impersonationId,
        jti: randomUUID(),
        iat: toSeconds(issuedAt),
        exp: toSeconds(expiresAt),
        email: account.email,
        email_verified: account.emailVerified,
        ...(isVerificationWaived && { verification: 'waived' as const }),
        tenant: tenantId,
        scope: scopesOfImpersonated(reason).join(' '),
      },
      key,
    );
}
