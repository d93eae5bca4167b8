import { randomUUID } from 'node:crypto';
import {
  type AccessTokenClaims,
  accessTokenType,
  assuranceOf,
  audienceOf,
  isStaffRole,
  issuerOf,
  scopesOfRole,
  userScopes,
} from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import { SignJWT } from 'jose';
import type { Account, StaffAccount, UserAccount } from '../accounts/account.ts';
import { toSeconds } from '../dates.ts';
import type { SigningKey } from '../keys/signing-key.ts';

/** The account and the session that an access token is for. */
export type TokenSubject<A extends Account> = {
  account: A;
  tenantId: string;
  sessionId: string;
  authTime: Date;
  amr: string[];
  /** The address is not verified, and nobody asks for that here. */
  isVerificationWaived: boolean;
};

export type TokenTimes = { issuedAt: Date; expiresAt: Date };

/** Signs for one platform, which is a constant of the signer and no part of its input. */
export type AccessTokenSigner<A extends Account> = (
  subject: TokenSubject<A>,
  times: TokenTimes,
) => Promise<string>;

/** Signs customers' access tokens, and no others. */
export function createUserTokenSigner(issuerUrl: string, key: SigningKey): AccessTokenSigner<UserAccount> {
  return (subject, times) =>
    signClaims(
      {
        ...subjectClaims(subject, times),
        iss: issuerOf(issuerUrl, 'user'),
        aud: audienceOf('user'),
        platform: 'user',
        scope: userScopes.join(' '),
      },
      key,
    );
}

/**
 * Signs staff's access tokens, and no others. The scopes follow from the role at this moment. Throws `authz.role.deny` for a role that the
 * contract does not have: it was taken out, or a newer release has added it.
 */
export function createPortalTokenSigner(issuerUrl: string, key: SigningKey): AccessTokenSigner<StaffAccount> {
  return async (subject, times) => {
    const { role } = subject.account;
    if (!isStaffRole(role)) {
      throw new RefusalError('authz.role.deny', {
        text: 'Your role is not one of this installation. Ask a super_admin for another one.',
      });
    }
    return signClaims(
      {
        ...subjectClaims(subject, times),
        iss: issuerOf(issuerUrl, 'portal'),
        aud: audienceOf('portal'),
        platform: 'portal',
        role,
        scope: scopesOfRole[role].join(' '),
      },
      key,
    );
  };
}

/** The claims that the tokens of both platforms take from the subject alone. */
function subjectClaims(
  { account, tenantId, sessionId, authTime, amr, isVerificationWaived }: TokenSubject<Account>,
  { issuedAt, expiresAt }: TokenTimes,
) {
  return {
    sub: account.id,
    sid: sessionId,
    jti: randomUUID(),
    iat: toSeconds(issuedAt),
    exp: toSeconds(expiresAt),
    auth_time: toSeconds(authTime),
    amr,
    acr: assuranceOf(amr),
    email: account.email,
    email_verified: account.emailVerified,
    ...(isVerificationWaived && { verification: 'waived' as const }),
    tenant: tenantId,
  };
}

/** RFC 9068, section 2.1. */
export function signClaims(claims: AccessTokenClaims, key: SigningKey): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: accessTokenType })
    .sign(key.privateKey);
}
