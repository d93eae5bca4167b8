import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gateway needs to know to verify the tokens of the cases. */
export type IssuerSettings = {
  issuer: string;
  audience: string;
  algorithm: 'RS256';
  jwksUrl: string;
  /** The public keys, for a gateway that reads them from a file. */
  jwks: { keys: Record<string, unknown>[] };
};

/** How a token is bad. Each is refused by RFC 7519 or RFC 8725, whatever it says. */
export type TokenFault =
  | 'expired'
  | 'not yet valid'
  | 'other issuer'
  | 'other audience'
  | 'other key'
  | 'changed claims'
  | 'no signature'
  | 'signed with the public key'
  | 'no token at all';

export type TokenOptions = {
  scopes?: readonly string[] | undefined;
  policies?: readonly string[] | undefined;
  /** How long ago the person signed in, for `auth_time`. Without it, the token says nothing about that. */
  signedInSecondsAgo?: number | undefined;
  /** Claims beside or in place of the usual ones. */
  claims?: Readonly<Record<string, unknown>> | undefined;
  fault?: TokenFault | undefined;
};

export type ConformanceIssuer = IssuerSettings & {
  mint(options: TokenOptions): string;
  close(): Promise<void>;
};

const lifetimeSeconds = 3600;

/**
 * An issuer that lives as long as a run. Its tokens are access tokens of RFC 9068: `scope` is space-delimited, and `policies` lists the
 * policies that hold for the caller, since no specification says how a gateway learns that.
 */
export async function createConformanceIssuer(port = 0): Promise<ConformanceIssuer> {
  const own = createKey('conformance');
  const stranger = createKey('conformance');
  const jwks = { keys: [own.jwk] };
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(jwks));
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings: IssuerSettings = {
    issuer: url,
    audience: 'conformance',
    algorithm: 'RS256',
    jwksUrl: `${url}/jwks.json`,
    jwks,
  };
  return {
    ...settings,
    mint: (options) => mint(settings, { own, stranger }, options),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Key = { privateKey: KeyObject; publicPem: string; jwk: Record<string, unknown>; kid: string };

function createKey(kid: string): Key {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicPem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
  return { privateKey, publicPem, kid, jwk };
}

function mint(
  { issuer, audience }: IssuerSettings,
  { own, stranger }: { own: Key; stranger: Key },
  { scopes = [], policies = [], signedInSecondsAgo, claims, fault }: TokenOptions,
): string {
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: fault === 'other issuer' ? 'https://issuer.example' : issuer,
    aud: fault === 'other audience' ? 'another-api' : audience,
    sub: callerId,
    iat: fault === 'expired' ? now - 2 * lifetimeSeconds : now,
    exp: fault === 'expired' ? now - lifetimeSeconds : now + lifetimeSeconds,
    ...(fault === 'not yet valid' && { nbf: now + lifetimeSeconds }),
    jti: randomUUID(),
    scope: scopes.join(' '),
    policies,
    ...(signedInSecondsAgo !== undefined && { auth_time: now - signedInSecondsAgo }),
    ...claims,
  };
  const header = { typ: 'at+jwt', alg: 'RS256', kid: own.kid };
  switch (fault) {
    case 'no token at all':
      return 'not.a.token';
    case 'no signature':
      return `${encode({ ...header, alg: 'none' })}.${encode(payload)}.`;
    case 'signed with the public key':
      return signWithPublicKey({ ...header, alg: 'HS256' }, payload, own);
    case 'changed claims': {
      const [head, , signature] = signRsa(header, { ...payload, scope: '' }, own).split('.');
      return `${head}.${encode(payload)}.${signature}`;
    }
    default:
      return signRsa(header, payload, fault === 'other key' ? stranger : own);
  }
}

const callerId = randomUUID();

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signRsa(header: object, payload: object, { privateKey }: Key): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${sign('RSA-SHA256', Buffer.from(input), privateKey).toString('base64url')}`;
}

/** The algorithm confusion of RFC 8725, section 2.1: an HMAC whose secret is the PEM of the RSA public key. */
function signWithPublicKey(header: object, payload: object, { publicPem }: Key): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', publicPem).update(input).digest('base64url')}`;
}
