import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RevocationFeed } from '@signet/session';
import { createTestIssuer } from '@signet/testing';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach, expect, test, vi } from 'vitest';
import { openFollowedGateway } from './follow.test-support.ts';

const { base, start } = openFollowedGateway();
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** An identity provider's key set, and a signer of its tokens. `stop`: it is down from then on. */
async function serveIssuer(issuer: string, from?: { publicKey: CryptoKey; privateKey: CryptoKey }) {
  const { privateKey, publicKey } = from ?? (await generateKeyPair('ES256'));
  const jwk = { ...(await exportJWK(publicKey)), kid: issuer, alg: 'ES256', use: 'sig' };
  const server = createServer((_req, res) => void res.end(JSON.stringify({ keys: [jwk] })));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  stops.push(stop);
  const { port } = server.address() as AddressInfo;
  return {
    pair: { privateKey, publicKey },
    port,
    entry: (platform: string, more = '') =>
      `  - { issuer: "${issuer}", audience: ${platform}, platform: ${platform}, jwks: "http://127.0.0.1:${port}/", revocations: none${more} }`,
    sign: (audience: string) =>
      new SignJWT({ iss: issuer, aud: audience, sub: 's', jti: 'j' })
        .setProtectedHeader({ alg: 'ES256', kid: issuer, typ: 'at+jwt' })
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(privateKey),
    stop,
  };
}

const withIssuers = (platforms: string, ...issuers: string[]) =>
  base(
    ['defaultAccess: authenticated', ...(issuers.length > 0 ? ['issuers:', ...issuers] : []), '# End.'].join(
      '\n',
    ),
  ).replace('port: 0', `port: 0${platforms}`);

test('an issuer that is down keeps its keys when others change, and one that cannot be taken out is said to be trusted still', async () => {
  const [one, two] = await Promise.all([
    serveIssuer('https://one.example'),
    serveIssuer('https://two.example'),
  ]);
  const [first, second] = [one.entry('user', ', ids: derived'), two.entry('user', ', ids: derived')];
  const onlyUsers = ', platforms: [user]';
  const { change, lines, statusOf } = await start(withIssuers(onlyUsers, first));
  const token = await one.sign('user');
  expect(await statusOf(token)).toBe(200);
  one.stop();
  expect((await change(withIssuers(onlyUsers, second, first)))[0]?.settings).toEqual(['issuers']);
  expect(await statusOf(token)).toBe(200);
  // What the entry says beside the place of its keys may change too.
  const mapped = one.entry('user', ', ids: derived, claims: { email: mail }');
  expect((await change(withIssuers(onlyUsers, second, mapped)))[0]?.settings).toEqual(['issuers']);
  expect(await statusOf(token)).toBe(200);
  const [refusal] = await change(withIssuers(onlyUsers));
  expect(refusal?.faults?.join()).toMatch(
    /platforms: names user, and no issuer has that platform: add one, or take user out/,
  );
  expect(lines.at(-1)).toMatchObject({
    level: 50,
    msg: expect.stringMatching(/trusted as before/),
    issuers: ['https://two.example', 'https://one.example'],
  });
  expect((await change(withIssuers(onlyUsers, second)))[0]?.settings).toEqual(['issuers']);
  expect(await statusOf(token)).toBe(401);
});

test('a file whose new issuer gives no keys is refused with line, field and reason, and the keys at hand stay in use', async () => {
  const one = await serveIssuer('https://one.example');
  const { change, lines, statusOf } = await start(withIssuers('', one.entry('user')));
  const token = await one.sign('user');
  expect(await statusOf(token)).toBe(200);
  const moved = (source: string) => withIssuers('', one.entry('user').replace(/jwks: "[^"]*"/, source));
  const html = createServer((_req, res) => res.setHeader('content-type', 'text/html').end('<html>'));
  await once(html.listen(0, '127.0.0.1'), 'listening');
  stops.push(() => html.close());
  const { port } = html.address() as AddressInfo;
  for (const [source, fault] of [
    ['jwks: "http://127.0.0.1:1/keys"', /:7:\d+: issuers\[0\]\.jwks: .*127\.0\.0\.1:1\/keys: .*ECONNREFUSED/],
    [`discovery: "http://127.0.0.1:${port}/x"`, /:7:\d+: issuers\[0\]\.discovery: .*did not answer JSON/],
  ] as const) {
    const [line] = await change(moved(source));
    expect(line).toMatchObject({ level: 50, msg: expect.stringMatching(/previous ones stay.*tried again/) });
    expect(line?.faults).toEqual([expect.stringMatching(fault)]);
    expect(lines.at(-1)?.issuers).toEqual(['https://one.example']);
    expect(await statusOf(token)).toBe(200);
  }
});

test('a file whose new issuer has a key of the other platform is refused: both would lose it', async () => {
  const one = await serveIssuer('https://one.example');
  const staff = await serveIssuer('https://staff.example', one.pair);
  const { change, statusOf } = await start(withIssuers('', one.entry('user')));
  const token = await one.sign('user');
  expect(await statusOf(token)).toBe(200);
  const [line] = await change(withIssuers('', one.entry('user'), staff.entry('portal')));
  expect(line?.faults).toEqual([
    expect.stringMatching(/:8:\d+: issuers\[1\]\.jwks: has a key of the other platform/),
  ]);
  expect(await statusOf(token)).toBe(200);
});

test('the only issuer of a platform is taken out together with the platform, or where no entrance names it', async () => {
  const [one, staff] = await Promise.all([
    serveIssuer('https://one.example'),
    serveIssuer('https://staff.example'),
  ]);
  const both = [one.entry('user'), staff.entry('portal')];
  const { change, statusOf } = await start(withIssuers(', platforms: [user, portal]', ...both));
  const [user, portal] = [await one.sign('user'), await staff.sign('portal')];
  expect([await statusOf(user), await statusOf(portal)]).toEqual([200, 200]);
  const [line] = await change(withIssuers(', platforms: [user]', one.entry('user')));
  expect(line?.settings).toEqual(
    expect.arrayContaining(['issuers', expect.stringMatching(/shop\.platforms/)]),
  );
  expect([await statusOf(user), await statusOf(portal)]).toEqual([200, 401]);
  // An entrance that names fewer than have issuers admits no other.
  await change(withIssuers(', platforms: [user]', ...both));
  expect([await statusOf(user), await statusOf(portal)]).toEqual([200, 401]);
  await change(withIssuers(''));
  expect([await statusOf(user), await statusOf(portal)]).toEqual([401, 401]);
});

/** A feed in which `revoke` is heard at once. */
function createFeed(): RevocationFeed & { revoke(kid: string): void } {
  const revoked = new Set<string>();
  const listeners: ((platform: 'user' | 'portal', kid: string) => void)[] = [];
  return {
    isSessionRevoked: () => false,
    isKeyRevoked: (_platform, kid) => revoked.has(kid),
    state: () => 'current',
    onKeyRevoked: (listener) => void listeners.push(listener),
    checkReady: () => undefined,
    findLack: async () => undefined,
    lag: () => ({ read: 0, delivery: 0 }),
    onDelivery() {},
    size: () => revoked.size,
    waitUntilRead: async () => {},
    stop: async () => {},
    revoke(kid) {
      revoked.add(kid);
      for (const listener of listeners) listener('user', kid);
    },
  };
}

test('after a change of issuers, a revoked key of our own has its successor fetched at once', async () => {
  const [own, other] = await Promise.all([createTestIssuer(), serveIssuer('https://other.example')]);
  stops.push(() => void own.close());
  const [{ keys }, next] = await Promise.all([
    fetch(own.jwksUrls.user).then((answer) => answer.json() as Promise<{ keys: JWK[] }>),
    generateKeyPair('EdDSA', { extractable: true }),
  ]);
  const published = [...keys];
  const server = createServer((_req, res) => void res.end(JSON.stringify({ keys: published })));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stops.push(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const file = (...issuers: string[]) =>
    base(
      [
        `issuerUrl: ${own.issuerUrl}`,
        `userJwksUrl: http://127.0.0.1:${port}/`,
        'defaultAccess: authenticated',
        ...issuers,
        '# End.',
      ].join('\n'),
    );
  const revocations = createFeed();
  const { change, statusOf } = await start(file(), { revocations });
  const oldToken = await own.mintUserToken();
  const newToken = await own.mintUserToken({ key: next.privateKey, header: { kid: 'next' } });
  expect(await statusOf(oldToken)).toBe(200);
  await change(file('issuers:', other.entry('user', ', ids: derived')));
  // An unknown key has been looked for: no other is for half a minute.
  expect([await statusOf(newToken), await statusOf(oldToken)]).toEqual([401, 200]);
  const jwk = { ...(await exportJWK(next.publicKey)), kid: 'next', use: 'sig', alg: 'EdDSA' };
  published.splice(0, 1, jwk);
  expect(await statusOf(newToken)).toBe(401);
  revocations.revoke(keys[0]?.kid ?? '');
  expect(await statusOf(oldToken)).toBe(401);
  await vi.waitFor(async () => expect(await statusOf(newToken)).toBe(200), { timeout: 10_000 });
});
