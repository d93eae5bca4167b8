import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { AttackClient } from '@signet/testing/attack';

export type Claims = Record<string, unknown>;
export type TokenParts = { header: Claims; claims: Claims; signature: string };
export type PublishedKey = { kid?: string; x?: string; n?: string } & Record<string, unknown>;

/** What everybody can read in a token. */
export function readToken(token: string): TokenParts {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Claims;
  return { header: decode(header), claims: decode(claims), signature };
}

/** A token with a signature that `signer` makes, or with the one given. */
export function writeToken(
  header: Claims,
  claims: Claims,
  signer: string | ((input: Buffer) => Buffer | string),
): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature =
    typeof signer === 'string' ? signer : Buffer.from(signer(Buffer.from(input))).toString('base64url');
  return `${input}.${signature}`;
}

/** A key pair of the attacker's. */
export function createForgery(): { publicJwk: Claims; sign(input: Buffer): Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicJwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'EdDSA' },
    sign: (input) => sign(null, input, privateKey as KeyObject),
  };
}

export function signWithSecret(secret: Buffer): (input: Buffer) => Buffer {
  return (input) => createHmac('sha256', secret).update(input).digest();
}

export async function readPublishedKeys(
  client: AttackClient,
  platform: 'user' | 'portal',
): Promise<PublishedKey[]> {
  const { body } = await client.send(`/.well-known/jwks/${platform}.json`);
  return ((body as { keys?: PublishedKey[] } | undefined)?.keys ?? []) as PublishedKey[];
}
