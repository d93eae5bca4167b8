import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, createLogger, type RunningServer } from '@signet/service';
import { UnreadKeysError } from '@signet/session';
import { postGraphql, reasonsOf } from '@signet/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { GatewayConfig } from '../config.ts';
import { startGateway } from '../start.ts';
import {
  composeForeignGraph,
  type ForeignSubgraph,
  serveForeignSubgraph,
} from '../supergraph/foreign-graph.test-support.ts';
import { followSettings } from './follow-settings.ts';
import { loadSettings } from './load-settings.ts';

let folder: string;
let path: string;
let catalog: ForeignSubgraph;
let other: ForeignSubgraph;
let reviews: ForeignSubgraph;
let running: RunningServer | undefined;
const stops: (() => void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-follow-'));
  path = join(folder, 'signet.yaml');
  [catalog, other, reviews] = await Promise.all([
    serveForeignSubgraph('Product-Catalog', 'first'),
    serveForeignSubgraph('Product-Catalog', 'second'),
    serveForeignSubgraph('reviews_v2'),
  ]);
  const urls = { 'Product-Catalog': 'http://catalog.invalid/', reviews_v2: reviews.url };
  await writeFile(join(folder, 'their.graphql'), composeForeignGraph(urls));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  for (const stop of stops.splice(0)) stop();
});
afterAll(async () => {
  await Promise.all([catalog, other, reviews].map((subgraph) => subgraph.close()));
  await rm(folder, { recursive: true, force: true });
});

type Line = {
  level: number;
  msg: string;
  settings?: string[];
  waiting?: string[];
  faults?: string[];
  issuers?: string[];
};

const base = (more: string, url = catalog.url) => `supergraph: their.graphql
proof: off
subgraphs: { Product-Catalog: "${url}" }
entrances: { shop: { port: 0, corsOrigins: [https://shop.example] } }
${more}
`;

async function write(text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

async function start(text: string) {
  const lines: Line[] = [];
  const logger = createLogger('test', 'info', { write: (line) => lines.push(JSON.parse(line)) });
  await write(text);
  const load = () => loadSettings({}, path);
  running = await startGateway(load(), logger, { settings: { path, load, pollMs: 20 } });
  const { url } = running;
  const isOutcome = ({ msg }: Line) => /new settings|need a restart/.test(msg);
  return {
    url,
    lines,
    ask: (query: string) => postGraphql(`${url}/graphql`, { query }),
    /** Resolves with the lines that say how it ended. */
    async change(next: string, count = 1): Promise<Line[]> {
      const before = lines.filter(isOutcome).length;
      await write(next);
      while (lines.filter(isOutcome).length < before + count) await sleep(5);
      return lines.filter(isOutcome).slice(before);
    },
  };
}

test('limits, default rule, subgraphs and origins of a changed file hold without a restart; requests under way finish', async () => {
  const { ask, change, url } = await start(base('defaultAccess: public'));
  expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'first' });
  const held = reviews.hold();
  const underWay = ask('{ whoServes topProducts(first: 1) { reviews { text } } }');
  await held.reached;
  const [line] = await change(
    base('defaultAccess: public\nlimits: { aliases: 1 }', other.url).replace('shop.example', 'other.example'),
  );
  expect(line).toMatchObject({
    msg: 'new settings are served',
    settings: expect.arrayContaining([
      expect.stringMatching(/signet.yaml:6:11: limits.aliases/),
      expect.stringMatching(/signet.yaml:3:1: subgraphs/),
      expect.stringMatching(/entrances.shop.corsOrigins/),
    ]),
  });
  held.release();
  expect((await underWay).body.data).toMatchObject({ whoServes: 'first' });
  expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'second' });
  expect(reasonsOf(await ask('{ a: whoServes b: whoServes }'))).toEqual(['request.limit.aliases']);
  const allowedFor = async (origin: string) => {
    const headers = { origin, 'access-control-request-method': 'POST', 'content-type': 'application/json' };
    const answer = await fetch(`${url}/graphql`, { method: 'OPTIONS', headers });
    await answer.text();
    return answer.headers.get('access-control-allow-origin');
  };
  expect([await allowedFor('https://other.example'), await allowedFor('https://shop.example')]).toEqual([
    'https://other.example',
    null,
  ]);
  await change(base(''));
  expect(reasonsOf(await ask('{ whoServes }'))).toEqual(['authz.permission.deny']);
});

test('a bad file is refused with line and field, and the old one stays', async () => {
  const { ask, change } = await start(base('defaultAccess: public'));
  const bad: [string, RegExp][] = [
    [
      base('defaultAccess: everybody\nlimits: { depth: 0 }'),
      /signet.yaml:5:1: defaultAccess: must be one of/,
    ],
    [base('defaultAccess: public\n  depth: 1'), /signet.yaml:5:16: Nested mappings/],
    [
      base('defaultAccess: public').replace('their.graphql', 'absent.graphql'),
      /signet.yaml:1:1: supergraph: .*ENOENT/,
    ],
    [
      base('defaultAccess: public').replace(catalog.url, 'nowhere'),
      /subgraphs.Product-Catalog: must be an http/,
    ],
  ];
  for (const [text, fault] of bad) {
    const [line] = await change(text);
    expect(line?.msg).toBe('the new settings cannot be served; the previous ones stay');
    expect(line?.faults?.join('\n')).toMatch(fault);
    expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'first' });
  }
  const [line] = await change(base('defaultAccess: public', other.url));
  expect(line?.msg).toBe('new settings are served');
});

test('a file that changes what needs a restart is served in no part, and the log says so', async () => {
  const { ask, change } = await start(
    base('defaultAccess: public\nsurface: production\nproofOffInProduction: yes'),
  );
  const without = /signet.yaml:7:1: access$/;
  const [line] = await change(
    base('defaultAccess: public\nsurface: development\naccess: off\nproofOffInProduction: yes', other.url),
  );
  expect(line).toMatchObject({
    level: 50,
    msg: 'these settings need a restart; nothing of the changed file is served until then',
    settings: [expect.stringMatching(/signet.yaml:6:1: surface$/)],
    waiting: expect.arrayContaining([expect.stringMatching(without), expect.stringMatching(/subgraphs/)]),
  });
  expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'first' });
  const [renamed] = await change(
    base('defaultAccess: authenticated\nsurface: production\nproofOffInProduction: yes').replace(
      'shop: {',
      'staff: { port: 1 }, shop: {',
    ),
  );
  expect(renamed?.settings).toEqual(['entrances: their names']);
  expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'first' });
  const [last] = await change(
    base('defaultAccess: public\nsurface: production\nproofOffInProduction: yes', other.url),
  );
  expect(last?.settings).toEqual([expect.stringMatching(/subgraphs/)]);
  expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'second' });
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

const statusOf = async (url: string, token: string) =>
  (await postGraphql(`${url}/graphql`, { query: '{ whoServes }' }, { token })).status;

test('an issuer that is down keeps its keys when others change, and one that cannot be taken out is said to be trusted still', async () => {
  const [one, two] = await Promise.all([
    serveIssuer('https://one.example'),
    serveIssuer('https://two.example'),
  ]);
  const [first, second] = [one.entry('user', ', ids: derived'), two.entry('user', ', ids: derived')];
  const onlyUsers = ', platforms: [user]';
  const { change, lines, url } = await start(withIssuers(onlyUsers, first));
  const token = await one.sign('user');
  expect(await statusOf(url, token)).toBe(200);
  one.stop();
  expect((await change(withIssuers(onlyUsers, second, first)))[0]?.settings).toEqual(['issuers']);
  expect(await statusOf(url, token)).toBe(200);
  // What the entry says beside the place of its keys may change too.
  const mapped = one.entry('user', ', ids: derived, claims: { email: mail }');
  expect((await change(withIssuers(onlyUsers, second, mapped)))[0]?.settings).toEqual(['issuers']);
  expect(await statusOf(url, token)).toBe(200);
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
  expect(await statusOf(url, token)).toBe(401);
});

test('a file whose new issuer gives no keys is refused with line, field and reason, and the keys at hand stay in use', async () => {
  const one = await serveIssuer('https://one.example');
  const { change, url, lines } = await start(withIssuers('', one.entry('user')));
  const token = await one.sign('user');
  expect(await statusOf(url, token)).toBe(200);
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
    expect(await statusOf(url, token)).toBe(200);
  }
});

test('a file whose new issuer has a key of the other platform is refused: both would lose it', async () => {
  const one = await serveIssuer('https://one.example');
  const staff = await serveIssuer('https://staff.example', one.pair);
  const { change, url } = await start(withIssuers('', one.entry('user')));
  const token = await one.sign('user');
  expect(await statusOf(url, token)).toBe(200);
  const [line] = await change(withIssuers('', one.entry('user'), staff.entry('portal')));
  expect(line?.faults).toEqual([
    expect.stringMatching(/:8:\d+: issuers\[1\]\.jwks: has a key of the other platform/),
  ]);
  expect(await statusOf(url, token)).toBe(200);
});

test('the only issuer of a platform is taken out together with the platform, or where no entrance names it', async () => {
  const [one, staff] = await Promise.all([
    serveIssuer('https://one.example'),
    serveIssuer('https://staff.example'),
  ]);
  const both = [one.entry('user'), staff.entry('portal')];
  const { change, url } = await start(withIssuers(', platforms: [user, portal]', ...both));
  const [user, portal] = [await one.sign('user'), await staff.sign('portal')];
  expect([await statusOf(url, user), await statusOf(url, portal)]).toEqual([200, 200]);
  const [line] = await change(withIssuers(', platforms: [user]', one.entry('user')));
  expect(line?.settings).toEqual(
    expect.arrayContaining(['issuers', expect.stringMatching(/shop\.platforms/)]),
  );
  expect([await statusOf(url, user), await statusOf(url, portal)]).toEqual([200, 401]);
  // An entrance that names fewer than have issuers admits no other.
  await change(withIssuers(', platforms: [user]', ...both));
  expect([await statusOf(url, user), await statusOf(url, portal)]).toEqual([200, 401]);
  await change(withIssuers(''));
  expect([await statusOf(url, user), await statusOf(url, portal)]).toEqual([401, 401]);
});

test('half a file is served at no time', async () => {
  const whole = base('defaultAccess: public\nlimits: { aliases: 1 }');
  const { ask, change } = await start(whole);
  const [line] = await change(whole.replace('aliases: 1 }\n\n', 'aliases: 10 }').trimEnd());
  expect(line?.faults).toEqual([expect.stringMatching(/signet.yaml: does not end with a line break/)]);
  expect(reasonsOf(await ask('{ a: whoServes b: whoServes }'))).toEqual(['request.limit.aliases']);
});

test('a file that lost its end and nothing else is served too, a little later', async () => {
  const whole = base('defaultAccess: public\nlimits: { aliases: 1 }');
  const { ask, change, lines } = await start(whole);
  const [line] = await change(whole.slice(0, whole.indexOf('limits')));
  expect(line?.settings).toEqual([expect.stringMatching(/limits\.aliases/)]);
  expect(lines.filter(({ msg }) => /is the beginning of the one that is served/.test(msg))).toHaveLength(1);
  expect((await ask('{ a: whoServes b: whoServes }')).status).toBe(200);
});

/** Follows the file with a clock of its own. `pass`: one look. */
async function followByHand(replace: (config: GatewayConfig) => Promise<void>) {
  const load = vi.fn(() => loadSettings({}, path));
  const lines: Line[] = [];
  const logger = createLogger('test', 'info', { write: (line) => lines.push(JSON.parse(line)) });
  let time = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const end = await followSettings({
    path,
    config: loadSettings({}, path),
    load,
    replace,
    logger,
    pollMs: 1000,
    now: () => time,
  });
  return {
    load,
    lines,
    async pass(times = 1) {
      for (let n = 0; n < times; n++) {
        time += 1000;
        vi.advanceTimersByTime(1000);
        while (vi.getTimerCount() === 0) await setImmediate();
      }
    },
    async stop() {
      vi.useRealTimers();
      await end();
    },
  };
}

test('a file counts when it was the same over two polls', async () => {
  await write(base('defaultAccess: public'));
  const replace = vi.fn(async () => {});
  const { load, pass, stop } = await followByHand(replace);
  try {
    for (const text of ['defaultAccess: authenticated', 'defaultAccess: authenticated\naccess: on']) {
      await writeFile(path, base(text));
      await pass(2);
      expect(load).not.toHaveBeenCalled();
    }
    await pass();
    expect(load).toHaveBeenCalledOnce();
    expect(replace).toHaveBeenCalledOnce();
    await pass();
    expect(load).toHaveBeenCalledOnce();
  } finally {
    await stop();
  }
});

test('a file that lost its end counts when it was the same over ten, and one that is still written in between does not', async () => {
  const whole = base('defaultAccess: public\nlimits: { aliases: 1 }');
  const lines = whole.split('\n');
  await write(whole);
  const replace = vi.fn(async () => {});
  const { pass, stop } = await followByHand(replace);
  try {
    // A slow writer of another file with the same beginning.
    for (const count of [4, 5]) {
      await writeFile(path, `${lines.slice(0, count).join('\n')}\n`);
      await pass(10);
      expect(replace).not.toHaveBeenCalled();
    }
    await pass();
    expect(replace).toHaveBeenCalledOnce();
  } finally {
    await stop();
  }
});

test('a file that was refused for the keys of a new issuer is tried again after 30 s, and no other is', async () => {
  await write(base('defaultAccess: public'));
  const refusals = [new UnreadKeysError(['x: no keys']), new ConfigError(['x: no'])];
  const replace = vi.fn(async () => {
    const refusal = refusals.shift();
    if (refusal) throw refusal;
  });
  const { lines, pass, stop } = await followByHand(replace);
  try {
    await write(base('defaultAccess: authenticated'));
    await pass(3);
    expect(lines.at(-1)?.msg).toMatch(/previous ones stay\. They are tried again in 30 s/);
    await pass(29);
    expect(replace).toHaveBeenCalledOnce();
    await pass();
    expect(replace).toHaveBeenCalledTimes(2);
    expect(lines.at(-1)?.msg).toMatch(/previous ones stay$/);
    await pass(60);
    expect(replace).toHaveBeenCalledTimes(2);
  } finally {
    await stop();
  }
});
