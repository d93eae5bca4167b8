import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Attack, type Target, wonUnlessStatus } from '@signet/testing/attack';
import {
  type Claims,
  createForgery,
  readPublishedKeys,
  readToken,
  signWithSecret,
  writeToken,
} from './forge-token.ts';

/** Sends a token made from the customer's own, and wants 401. */
function forged(
  name: string,
  tried: string,
  forge: (header: Claims, claims: Claims, signature: string, target: Target) => string | Promise<string>,
): Attack {
  return {
    name,
    tried,
    async run(target) {
      const { header, claims, signature } = readToken(target.customer);
      const token = await forge(header, claims, signature, target);
      return wonUnlessStatus(await target.graph.ask('{ me { id email } }', { token }), 401);
    },
  };
}

const bySelf = (header: Claims, claims: Claims) => {
  const forgery = createForgery();
  return writeToken(header, claims, forgery.sign);
};

/** RFC 8725: the ways in which a token that auth never signed has been taken for one. */
export const tokenAttacks: readonly Attack[] = [
  forged('alg none', 'a token without a signature, alg none', (header, claims) =>
    writeToken({ ...header, alg: 'none' }, claims, ''),
  ),
  forged('alg nOnE', 'the same in another spelling', (header, claims) =>
    writeToken({ ...header, alg: 'nOnE' }, claims, ''),
  ),
  forged('signature cut off', 'an honest token without its signature', (header, claims) =>
    writeToken(header, claims, ''),
  ),
  forged('signature changed', 'one bit of the signature flipped', (header, claims, signature) => {
    const bytes = Buffer.from(signature, 'base64url');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return writeToken(header, claims, bytes.toString('base64url'));
  }),
  forged('claims changed', 'another subject under the honest signature', (header, claims, signature) =>
    writeToken(header, { ...claims, sub: '00000000-0000-7000-8000-000000000000' }, signature),
  ),
  forged('life prolonged', 'exp ten years on under the honest signature', (header, claims, signature) =>
    writeToken(header, { ...claims, exp: Number(claims.exp) + 315_360_000 }, signature),
  ),
  forged('platform changed', 'platform portal under the honest signature', (header, claims, signature) =>
    writeToken(header, { ...claims, platform: 'portal', role: 'super_admin' }, signature),
  ),
  forged(
    'HMAC with the public key',
    'HS256 with the published key as the secret',
    async (header, claims, _signature, { user }) => {
      const [key] = await readPublishedKeys(user, 'user');
      return writeToken(
        { ...header, alg: 'HS256', kid: key?.kid },
        claims,
        signWithSecret(Buffer.from(String(key?.x ?? key?.n ?? ''), 'base64url')),
      );
    },
  ),
  forged(
    'HMAC with the PEM',
    'HS256 with the published key in PEM as the secret',
    async (header, claims, _signature, { user }) => {
      const [{ kty, crv, x, y, n, e } = {}] = (await readPublishedKeys(user, 'user')) as JsonWebKey[];
      const key = createPublicKey({ key: { kty, crv, x, y, n, e } as JsonWebKey, format: 'jwk' });
      const pem = key.export({ type: 'spki', format: 'pem' });
      return writeToken({ ...header, alg: 'HS256' }, claims, signWithSecret(Buffer.from(pem)));
    },
  ),
  forged('foreign key, known kid', "signed with the attacker's key under the real kid", bySelf),
  forged(
    'embedded jwk',
    "signed with the attacker's key, which the header brings along",
    (header, claims) => {
      const forgery = createForgery();
      return writeToken({ ...header, jwk: forgery.publicJwk }, claims, forgery.sign);
    },
  ),
  {
    name: 'jku',
    tried: "signed with the attacker's key, to be fetched from the attacker's server",
    async run(target) {
      const forgery = createForgery();
      let fetches = 0;
      const server = createServer((_req, res) => {
        fetches += 1;
        res.end(JSON.stringify({ keys: [{ ...forgery.publicJwk, kid: 'attacker' }] }));
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys.json`;
      const { header, claims } = readToken(target.customer);
      const token = writeToken({ ...header, kid: 'attacker', jku: url, x5u: url }, claims, forgery.sign);
      const reply = await target.graph.ask('{ me { id } }', { token });
      server.closeAllConnections();
      server.close();
      return fetches > 0 ? 'the server fetched the key from the attacker' : wonUnlessStatus(reply, 401);
    },
  },
  forged('foreign issuer', "the attacker's own issuer and key", (header, claims) =>
    bySelf(header, { ...claims, iss: 'https://attacker.example/user' }),
  ),
  forged('foreign audience', 'aud of something else, by the attacker’s key', (header, claims) =>
    bySelf(header, { ...claims, aud: 'something-else' }),
  ),
  forged('kid as a path', 'kid ../../../../dev/null with an empty secret', (header, claims) =>
    writeToken(
      { ...header, alg: 'HS256', kid: '../../../../dev/null' },
      claims,
      signWithSecret(Buffer.alloc(0)),
    ),
  ),
  forged('kid as SQL', "kid ' union select …", (header, claims) =>
    writeToken(
      { ...header, alg: 'HS256', kid: "x' union select 'secret' -- " },
      claims,
      signWithSecret(Buffer.from('secret')),
    ),
  ),
  forged('unknown crit', 'an extension that must be understood', (header, claims, signature) =>
    writeToken({ ...header, crit: ['b64'], b64: false }, claims, signature),
  ),
  forged('wrong typ', 'typ JWT instead of at+jwt', (header, claims, signature) =>
    writeToken({ ...header, typ: 'JWT' }, claims, signature),
  ),
  {
    name: 'refresh as access',
    tried: 'a refresh token in the Authorization header',
    async run(target) {
      const { refreshToken } = await target.signIn('login', target.accounts.other);
      return wonUnlessStatus(await target.graph.ask('{ me { id } }', { token: refreshToken }), 401);
    },
  },
  forged('token of 100 KB', 'claims filled up', (header, claims) =>
    bySelf(header, { ...claims, filler: 'x'.repeat(8000) }),
  ),
];
