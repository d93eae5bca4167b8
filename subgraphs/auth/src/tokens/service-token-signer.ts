import { randomUUID } from 'node:crypto';
import {
  accessTokenType,
  audienceOf,
  issuerOf,
  type Platform,
  type ServiceClaims,
} from '@signet/schema/contract';
import type { SigningKey } from '../keys/signing-key.ts';
import { signText } from '../services/signed-text.ts';

/** The service that an access token is for. Times are seconds since 1970. */
export type ServiceTokenSubject = {
  clientId: string;
  tenantId: string;
  /** Of the credential by which the service asked. */
  sid: string;
  scopes: readonly string[];
  issuedAt: number;
  expiresAt: number;
};

/** Signs services' access tokens for one platform, which is a constant of the signer and no part of its input. */
export type ServiceTokenSigner = (subject: ServiceTokenSubject) => Promise<string>;

/**
 * Signs access tokens (RFC 9068) of services, and no others: they have `client_id`, and nothing that a person's token has.
 *
 * @param getKey the key that signs now.
 */
export function createServiceTokenSigner(
  issuerUrl: string,
  platform: Platform,
  getKey: () => Promise<SigningKey>,
): ServiceTokenSigner {
  const [iss, aud] = [issuerOf(issuerUrl, platform), audienceOf(platform)];
  let header = { kid: '', text: '' };
  return async ({ clientId, tenantId, sid, scopes, issuedAt, expiresAt }) => {
    const { kid, algorithm, privateKey } = await getKey();
    if (header.kid !== kid) header = { kid, text: encode({ alg: algorithm, kid, typ: accessTokenType }) };
    const claims: ServiceClaims = {
      iss,
      aud,
      platform,
      sub: clientId,
      client_id: clientId,
      sid,
      jti: randomUUID(),
      iat: issuedAt,
      exp: expiresAt,
      tenant: tenantId,
      scope: scopes.join(' '),
    };
    const text = `${header.text}.${encode(claims)}`;
    return `${text}.${(await signText(text, privateKey, algorithm)).toString('base64url')}`;
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
