import { accessTokenType, type Platform } from '@signet/schema/contract';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  SignJWT,
} from 'jose';

/** Signing keys of both platforms that a test shares with auth, to sign the tokens that no operation gives it. */
export type SigningKeys = {
  /** The variables by which auth signs with them. */
  variables: Readonly<Record<`${'USER' | 'PORTAL'}_${'PRIVATE_KEY' | 'KEY_ENCRYPTION_KEY'}`, string>>;
  /** An access token with these claims. */
  sign(platform: Platform, claims: Record<string, unknown>): Promise<string>;
};

export async function createSigningKeys(): Promise<SigningKeys> {
  const [user, portal] = await Promise.all([createKey(), createKey()]);
  const keys = { user, portal };
  return {
    variables: {
      USER_PRIVATE_KEY: await exportPKCS8(user.privateKey),
      USER_KEY_ENCRYPTION_KEY: '',
      PORTAL_PRIVATE_KEY: await exportPKCS8(portal.privateKey),
      PORTAL_KEY_ENCRYPTION_KEY: '',
    },
    sign(platform, claims) {
      const { privateKey, kid } = keys[platform];
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: accessTokenType })
        .sign(privateKey);
    },
  };
}

async function createKey(): Promise<{ privateKey: CryptoKey; kid: string }> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return { privateKey, kid: await calculateJwkThumbprint(await exportJWK(publicKey)) };
}
