import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTrustedIssuers } from '../trusted-issuers.ts';
import { createConfiguredIssuers } from './configured-issuers.ts';
import { discoverJwks, mayNameKeys } from './discover-jwks.ts';
import {
  createForeignVerifier,
  createSigningKey,
  createTestLogger,
  nowSeconds,
  outcomeOf,
  type SigningKey,
  serve,
  serveKeys,
  signToken,
  type TestServer,
} from './foreign-issuer.test-support.ts';
import { issuersSchema } from './issuers-schema.ts';

let one: SigningKey;
let two: SigningKey;
const servers: TestServer[] = [];
const folders: string[] = [];

beforeAll(async () => {
  [one, two] = await Promise.all([createSigningKey('one', 'ES256'), createSigningKey('two', 'ES256')]);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

async function start(server: Promise<TestServer>): Promise<string> {
  servers.push(await server);
  return (await server).url;
}

const issuer = 'https://id.example';
const json =
  (body: unknown): RequestListener =>
  (_req, res) =>
    void res.end(JSON.stringify(body));
const entry = (changes: object) => ({ issuer, platform: 'user', audience: 'api', ...changes });
const staffEntry = (changes: object) => ({
  issuer: 'https://staff.example',
  platform: 'portal',
  audience: 'staff',
  ...changes,
});
const sign = (key: SigningKey, claims: object = {}) =>
  signToken(
    key,
    { iss: issuer, aud: 'api', sub: 's', exp: nowSeconds() + 600, ...claims },
    { typ: 'at+jwt' },
  );
const signStaff = (key: SigningKey) => sign(key, { iss: 'https://staff.example', aud: 'staff' });

describe('an issuer that gives no keys', () => {
  const tooLarge = json({ keys: [], padding: 'x'.repeat(70_000) });
  test.each<[string, RequestListener, RegExp]>([
    [
      'serves HTML',
      (_req, res) => res.setHeader('content-type', 'text/html').end('<html>'),
      /did not answer JSON.*text\/html/,
    ],
    ['serves too much', tooLarge, /more than 64 KB/],
    [
      'redirects',
      (_req, res) => res.writeHead(302, { location: 'https://evil.example/keys' }).end(),
      /answered 302: redirects are not followed/,
    ],
    ['fails', (_req, res) => res.writeHead(500).end(), /answered 500/],
    ['is slow', (_req, res) => void res.write(' '), /no whole answer within 2 s/],
    ['serves another document', json({ hello: 'world' }), /no usable key/],
    ['breaks off', (req) => void req.socket.destroy(), /127\.0\.0\.1/],
  ])(
    '%s: its tokens are unavailable, those of others are not, and the log says why',
    async (_title, listener, reason) => {
      const { logger, lines } = createTestLogger();
      const bad = await start(serve(listener));
      const good = await start(serveKeys(two));
      const section = [entry({ jwks: `${bad}/keys` }), staffEntry({ jwks: `${good}/keys` })];
      const verifier = await createForeignVerifier(section, { logger });
      expect(await outcomeOf(verifier, await signStaff(two))).toBe('session');
      expect(await outcomeOf(verifier, await sign(one))).toBe('unavailable');
      expect(await verifier.issuers[0]?.keys.checkReady()).toBe('the public keys can not be read');
      expect(await verifier.issuers[1]?.keys.checkReady()).toBeUndefined();
      const [line] = lines;
      expect(line?.message).toContain('the public keys of issuers[0] could not be read');
      expect(String(line?.fields.err)).toMatch(reason);
      expect(line?.fields).toMatchObject({ issuer, platform: 'user' });
    },
  );

  test('is asked again with a pause that doubles, and its tokens pass once it answers', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      let isUp = false;
      const url = await start(
        serve((_req, res) =>
          isUp ? res.end(JSON.stringify({ keys: [one.jwk] })) : res.writeHead(503).end(),
        ),
      );
      const verifier = await createForeignVerifier([entry({ jwks: `${url}/keys` })]);
      const token = await sign(one);
      for (let second = 0; second < 60; second += 1) {
        expect(await outcomeOf(verifier, token)).toBe('unavailable');
        vi.advanceTimersByTime(1000);
      }
      // At 0, 1, 3, 7, 15, 31 and 47 s.
      expect(servers[0]?.requests).toHaveLength(7);
      isUp = true;
      vi.advanceTimersByTime(16_000);
      expect(await outcomeOf(verifier, token)).toBe('session');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('an issuer that was trusted before', () => {
  test('goes on with its keys while it is down, where its entry is the same', async () => {
    const keys = await serveKeys(one);
    const same = entry({ jwks: `${keys.url}/keys` });
    const { issuers } = await createForeignVerifier([same]);
    expect(await issuers[0]?.keys.checkReady()).toBeUndefined();
    await keys.close();
    const outcomeWith = async (...section: object[]) =>
      outcomeOf(await createForeignVerifier(section, { previous: issuers }), await sign(one));
    const staffUrl = await start(serveKeys(two));
    expect(await outcomeWith(staffEntry({ jwks: `${staffUrl}/keys` }), same)).toBe('session');
    expect(await outcomeWith(entry({ jwks: `${keys.url}/other` }))).toBe('unavailable');
    expect(await outcomeWith(entry({ jwks: `${keys.url}/keys`, algorithms: ['RS256'] }))).toBe('unavailable');
  });

  test('goes on without a key that the other platform has from now on', async () => {
    const url = await start(serveKeys(one));
    const same = entry({ jwks: `${url}/keys` });
    const { issuers } = await createForeignVerifier([same]);
    expect(await issuers[0]?.keys.checkReady()).toBeUndefined();
    const staffUrl = await start(serveKeys(one));
    const verifier = await createForeignVerifier([same, staffEntry({ jwks: `${staffUrl}/keys` })], {
      previous: issuers,
    });
    await verifier.issuers[1]?.keys.checkReady();
    expect(await outcomeOf(verifier, await sign(one))).toBe('unknown_key');
    expect(await outcomeOf(verifier, await signStaff(one))).toBe('unknown_key');
  });
});

describe('discovery', () => {
  const metadata = (changes: object) => async (keysUrl: string) =>
    start(serve(json({ issuer, jwks_uri: `${keysUrl}/keys`, ...changes })));

  test('finds the keys by the metadata of the issuer, on another server too', async () => {
    const url = await metadata({})(await start(serveKeys(one)));
    const verifier = await createForeignVerifier([
      entry({ discovery: `${url}/.well-known/openid-configuration` }),
    ]);
    expect(await outcomeOf(verifier, await sign(one))).toBe('session');
    expect(await outcomeOf(verifier, await sign(two))).toBe('unknown_key');
  });

  test.each<[string, object, RegExp]>([
    [
      'of another issuer',
      { issuer: 'https://evil.example' },
      /of the issuer "https:\/\/evil\.example", and not of/,
    ],
    ['of an issuer with a slash more', { issuer: `${issuer}/` }, /and not of/],
    ['of every tenant', { issuer: 'https://login.example/{tenantid}/v2.0' }, /and not of/],
    ['of no issuer', { issuer: undefined }, /of the issuer missing/],
    ['without keys', { jwks_uri: undefined }, /name no key set/],
    ['with keys in a file', { jwks_uri: 'file:///etc/passwd' }, /name no key set/],
    ['with keys over plain http', { jwks_uri: 'http://keys.example/' }, /not to be trusted/],
  ])('takes no keys from metadata %s', async (_title, changes, reason) => {
    const { logger, lines } = createTestLogger();
    const keys = await start(serveKeys(one));
    const url = await metadata(changes)(keys);
    const verifier = await createForeignVerifier([entry({ discovery: url })], { logger });
    expect(await outcomeOf(verifier, await sign(one))).toBe('unavailable');
    expect(String(lines[0]?.fields.err)).toMatch(reason);
    expect(servers[0]?.requests).toEqual([]);
  });
});

describe('metadata at a public address', () => {
  /** The first address is that of the metadata. */
  const discover = async (keysUrl: string, ...reaches: ('local' | 'private' | 'public')[]) => {
    const url = await start(serve(json({ issuer, jwks_uri: keysUrl })));
    const reachOf = vi.fn(() => reaches.shift() ?? 'private');
    return discoverJwks({ url, issuer, allowInsecure: false, reachOf });
  };

  test.each(['127.0.0.1', 'localhost'])(
    'name no key set at a private one, by %s: nothing is sent there, and the reason says what to do',
    async (host) => {
      const keys = new URL(await start(serveKeys(one)));
      keys.hostname = host;
      await expect(discover(keys.href, 'public')).rejects.toThrow(
        /\/: has the private address (127\.0\.0\.1|::1), and the metadata .* at a public one; if it is right, set `jwks`/,
      );
      await expect(discover(keys.href, 'public', 'local')).rejects.toThrow(/has the local address/);
      await expect(discover(keys.href, 'private', 'local')).rejects.toThrow(/at a private one/);
      expect(servers[0]?.requests).toEqual([]);
    },
  );

  test('name one at another public address', async () => {
    const keys = new URL(await start(serveKeys(one)));
    expect(await discover(keys.href, 'public', 'public')).toEqual({ keys: [one.jwk] });
    keys.hostname = 'localhost';
    expect(await discover(keys.href, 'public', 'public', 'public')).toEqual({ keys: [one.jwk] });
  });

  test('may name a key set beside them, wherever that is', async () => {
    const server = await serve((req, res) => {
      const keysUrl = `http://${req.headers.host}/keys`;
      const body = req.url === '/keys' ? { keys: [one.jwk] } : { issuer, jwks_uri: keysUrl };
      res.end(JSON.stringify(body));
    });
    const url = await start(Promise.resolve(server));
    const reachOf = vi.fn(() => 'public' as const);
    expect(await discoverJwks({ url, issuer, allowInsecure: false, reachOf })).toEqual({ keys: [one.jwk] });
    expect(reachOf).toHaveBeenCalledOnce();
  });
});

test.each<[boolean, string, string, boolean?]>([
  [true, 'https://id.example/metadata', 'https://keys.example/keys'],
  [true, 'http://127.0.0.1:9000/metadata', 'http://127.0.0.1:9001/keys'],
  [false, 'https://id.example/metadata', 'http://127.0.0.1:9001/keys'],
  [false, 'https://id.example/metadata', 'https://localhost/keys'],
  [false, 'http://keycloak:8080/metadata', 'http://[::1]/keys', true],
  [false, 'https://id.example/metadata', 'http://id.example/keys'],
  [true, 'http://keycloak:8080/metadata', 'http://keycloak:8080/keys', true],
])('%s: metadata at %s may name keys at %s', (may, url, keys, allowInsecure = false) => {
  expect(mayNameKeys(url, keys, allowInsecure)).toBe(may);
});

test('one issuer with a key set for each platform: the audience says which, and the key must fit', async () => {
  const [user, portal] = [await start(serveKeys(one)), await start(serveKeys(two))];
  const section = [entry({ jwks: `${user}/keys` }), staffEntry({ issuer, jwks: `${portal}/keys` })];
  const verifier = await createForeignVerifier(section);
  const platformOf = async (key: SigningKey, aud: unknown) => {
    const verification = await verifier.verify(await sign(key, { aud }));
    return verification.kind === 'session' ? verification.session.platform : verification.kind;
  };
  expect(await platformOf(one, 'api')).toBe('user');
  expect(await platformOf(two, 'staff')).toBe('portal');
  expect(await platformOf(one, 'staff')).toBe('refused');
  expect(await platformOf(two, 'api')).toBe('refused');
  for (const key of [one, two]) expect(await platformOf(key, ['staff', 'api'])).toBe('refused');
});

describe('a key in sets of both platforms', () => {
  const sharedKey = () => ({ ...one, jwk: { ...one.jwk, kid: 'another-name' } });

  test('is used for neither from the moment that both sets are read; other keys are', async () => {
    const { logger, lines } = createTestLogger();
    const user = await start(serveKeys(one, two));
    const portal = await start(serveKeys(sharedKey()));
    const section = [entry({ jwks: `${user}/keys` }), staffEntry({ jwks: `${portal}/keys` })];
    const verifier = await createForeignVerifier(section, { logger });
    await Promise.all(verifier.issuers.map(({ keys }) => keys.checkReady()));
    expect(await outcomeOf(verifier, await sign(one))).toBe('unknown_key');
    expect(await outcomeOf(verifier, await signStaff({ ...one, kid: 'another-name' }))).toBe('unknown_key');
    expect(await outcomeOf(verifier, await sign(two))).toBe('session');
    expect(await verifier.issuers[1]?.keys.checkReady()).toBe(
      'every public key belongs to the other platform too',
    );
    expect(await verifier.issuers[0]?.keys.readJwks()).toMatchObject({ keys: [{ kid: 'two' }] });
    expect(lines).toEqual([
      {
        message: expect.stringContaining('used for neither'),
        fields: expect.objectContaining({ sources: ['issuers[0]', 'issuers[1]'] }),
      },
    ]);
  });

  test('ends a session that was verified before the second set had it', async () => {
    const user = await start(serveKeys(one));
    let keys = [two.jwk];
    const portal = await start(serve((_req, res) => res.end(JSON.stringify({ keys }))));
    const section = [entry({ jwks: `${user}/keys` }), staffEntry({ jwks: `${portal}/keys` })];
    const verifier = await createForeignVerifier(section);
    const token = await sign(one);
    expect(await outcomeOf(verifier, token)).toBe('session');
    expect(await outcomeOf(verifier, await signStaff(two))).toBe('session');
    keys = [two.jwk, sharedKey().jwk];
    verifier.issuers[1]?.keys.refetch();
    await vi.waitFor(async () => expect(await outcomeOf(verifier, token)).toBe('unknown_key'), {
      timeout: 30_000,
    });
    expect(await outcomeOf(verifier, await signStaff(two))).toBe('session');
    // Once the second set has it no more, it is the first one's again.
    keys = [two.jwk];
    verifier.issuers[1]?.keys.refetch();
    await vi.waitFor(async () => expect(await outcomeOf(verifier, token)).toBe('session'), {
      timeout: 30_000,
    });
  });

  test('of our own is no longer used for an issuer that has it too, and stays ours: a public key is no secret', async () => {
    const { logger, lines } = createTestLogger();
    const ours = { ...one, jwk: { ...one.jwk, kid: 'ours' } };
    const [own, portal, others] = [
      await start(serveKeys(ours)),
      await start(serveKeys(two)),
      await start(serveKeys(one)),
    ];
    const entries = issuersSchema.parse([staffEntry({ jwks: others, ids: 'derived' })]);
    const config = { ISSUER_URL: issuer, USER_JWKS_URL: own, PORTAL_JWKS_URL: portal, JWKS_INSECURE: false };
    const trusted = await createTrustedIssuers(config, logger, { list: { entries, folder: '/' } });
    for (const { keys } of trusted) await keys.checkReady();
    expect(trusted.map(({ platform }) => platform)).toEqual(['user', 'portal', 'portal']);
    expect(await trusted[0]?.keys.findKey('ours')).toMatchObject({ algorithm: 'ES256' });
    expect(await trusted[1]?.keys.findKey('two')).toMatchObject({ algorithm: 'ES256' });
    expect(await trusted[2]?.keys.findKey('one')).toBe('unknown');
    expect(lines.at(-1)?.fields).toMatchObject({ sources: ['USER_JWKS_URL', 'issuers[0]'] });
  });

  test('in both of our own sets is used for neither', async () => {
    const ours = { ...one, jwk: { ...one.jwk, kid: 'ours' } };
    const config = {
      ISSUER_URL: issuer,
      USER_JWKS_URL: await start(serveKeys(ours, two)),
      PORTAL_JWKS_URL: await start(serveKeys(one)),
      JWKS_INSECURE: false,
    };
    const trusted = await createTrustedIssuers(config, createTestLogger().logger);
    for (const { keys } of trusted) await keys.checkReady();
    expect(await trusted[0]?.keys.findKey('ours')).toBe('unknown');
    expect(await trusted[0]?.keys.findKey('two')).toMatchObject({ algorithm: 'ES256' });
    expect(await trusted[1]?.keys.findKey('one')).toBe('unknown');
  });

  test('in two files ends the start', async () => {
    const folder = await writeFolder({
      'a.json': { keys: [one.jwk] },
      'b.json': { keys: [two.jwk, sharedKey().jwk] },
    });
    const entries = issuersSchema.parse([entry({ jwks: 'a.json' }), staffEntry({ jwks: './b.json' })]);
    await expect(
      createConfiguredIssuers(entries, { logger: createTestLogger().logger, folder }),
    ).rejects.toThrow(
      /issuers\[0\]\.jwks: has a key of the other platform[\s\S]*issuers\[1\]\.jwks: has a key of the other platform/,
    );
  });
});

async function writeFolder(files: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-issuers-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

test('reads keys from a file, and says of each file what is wrong, beside all other faults', async () => {
  const folder = await writeFolder({
    'good.json': { keys: [one.jwk] },
    'html.json': '<html>',
    'empty.json': { keys: [] },
  });
  const { logger } = createTestLogger();
  const [good] = await createConfiguredIssuers(issuersSchema.parse([entry({ jwks: 'good.json' })]), {
    logger,
    folder,
  });
  expect(await good?.keys.findKey('one')).toMatchObject({ algorithm: 'ES256' });
  const bad = ['html.json', 'empty.json', 'absent.json'].map((jwks, index) =>
    entry({ issuer: `https://${index}.example`, jwks, ids: 'derived' }),
  );
  await expect(
    createConfiguredIssuers(issuersSchema.parse([...bad, entry({})]), { logger, folder }),
  ).rejects.toMatchObject({
    faults: [
      'issuers[3].jwks: is not set, nor is discovery: the public keys have no source',
      expect.stringMatching(/^issuers\[3\]\.ids: must be derived: the platform user has 4 issuers/),
      'issuers[0].jwks: names a file that is not JSON',
      'issuers[1].jwks: names a file without a key that can be used',
      "issuers[2].jwks: names a file that can't be read (ENOENT)",
    ],
  });
});

test('uses a key with its own algorithm, or the only one of the list that fits, and with no other', async () => {
  const [plain, named] = await Promise.all([
    createSigningKey('plain', 'PS256', false),
    createSigningKey('named', 'RS512'),
  ]);
  const url = await start(serveKeys(plain, named));
  const algorithmsOf = async (algorithms: string[]) => {
    const [{ keys } = { keys: undefined }] = await createConfiguredIssuers(
      issuersSchema.parse([entry({ jwks: `${url}/keys`, algorithms })]),
      { logger: createTestLogger().logger, folder: '/' },
    );
    const found = [await keys?.findKey('plain'), await keys?.findKey('named')];
    return found.map((key) => (typeof key === 'object' ? key.algorithm : key));
  };
  expect(await algorithmsOf(['RS512'])).toEqual(['RS512', 'RS512']);
  expect(await algorithmsOf(['PS256'])).toEqual(['PS256', 'unknown']);
  expect(await algorithmsOf(['PS256', 'RS512'])).toEqual(['unknown', 'RS512']);
  expect(await algorithmsOf(['ES256'])).toEqual(['unavailable', 'unavailable']);
});
