import { randomUUID } from 'node:crypto';
import { type AccessTokenClaims, accessTokenType } from '@signet/schema/contract';
import { SignJWT } from 'jose';
import type { Account } from '../accounts/account.ts';
import type { SigningKey } from '../keys/signing-key.ts';

/** Whom an access token is for, and of which session. */
export type TokenSubject<A extends Account> = {
  account: A;
  tenantId: string;
  sessionId: string;
  authTime: Date;
  amr: string[];
};

export type TokenTimes = { issuedAt: Date; expiresAt: Date };

/** Signs for one platform, which is part of the signer and of nothing that it is given. */
export type AccessTokenSigner<A extends Account> = (
  subject: TokenSubject<A>,
  times: TokenTimes,
) => Promise<string>;

/** The claims that both platforms' tokens take from the subject alone. */
export function subjectClaims(
  { account, tenantId, sessionId, authTime, amr }: TokenSubject<Account>,
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
    email: account.email,
    email_verified: account.emailVerified,
    tenant: tenantId,
  };
}

/** RFC 9068, section 2.1. */
export function signClaims(claims: AccessTokenClaims, key: SigningKey): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: accessTokenType })
    .sign(key.privateKey);
}

/** Whole seconds, as NumericDate is used everywhere (RFC 7519, section 2). */
export function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
