import { generateKeyPairSync, type JsonWebKey, randomUUID, sign } from 'node:crypto';

/** A program with an Ed25519 key of its own, which proves who it is by assertions. */
export type SoftwareService = {
  publicJwk: JsonWebKey;
  /** A client assertion (RFC 7523, section 3), good for a minute. `audience`: the issuer. */
  assert(client: { id: string; kid: string; audience: string }): string;
};

export function createSoftwareService(): SoftwareService {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    publicJwk: publicKey.export({ format: 'jwk' }),
    assert({ id, kid, audience }) {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: id, sub: id, aud: audience, jti: randomUUID(), iat: now, exp: now + 60 };
      const text = `${encode({ alg: 'EdDSA', kid, typ: 'client-authentication+jwt' })}.${encode(claims)}`;
      return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
    },
  };
}
