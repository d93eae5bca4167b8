import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type RunningServer } from '@signet/service';
import { postGraphql, reasonsOf } from '@signet/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
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

test('an issuer that is down keeps its keys when others change, and one that cannot be taken out is said to be trusted still', async () => {
  const issuer = 'https://one.example';
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = createServer(async (_req, res) =>
    res.end(
      JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] }),
    ),
  ).listen(0, '127.0.0.1');
  await once(keys, 'listening');
  const token = await new SignJWT({ iss: issuer, aud: 'shop', sub: 's', jti: 'j' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey);
  const one = `  - { issuer: "${issuer}", audience: shop, platform: user, jwks: "http://127.0.0.1:${(keys.address() as AddressInfo).port}/", ids: derived, revocations: none }`;
  const two =
    '  - { issuer: "https://two.example", audience: b, platform: user, jwks: "https://two.invalid/", ids: derived }';
  const file = (...issuers: string[]) =>
    base(
      [
        'defaultAccess: authenticated',
        ...(issuers.length > 0 ? ['issuers:', ...issuers] : []),
        '# The end.',
      ].join('\n'),
    ).replace('port: 0', 'port: 0, platforms: [user]');
  const { change, lines, url } = await start(file(one));
  const ask = async () => (await postGraphql(`${url}/graphql`, { query: '{ whoServes }' }, { token })).status;
  expect(await ask()).toBe(200);
  keys.closeAllConnections();
  keys.close();
  expect((await change(file(two, one)))[0]?.settings).toEqual(['issuers']);
  expect(await ask()).toBe(200);
  const [refusal] = await change(file());
  expect(refusal?.faults?.join()).toMatch(/platforms: names user, and no issuer has that platform/);
  expect(lines.at(-1)).toMatchObject({
    level: 50,
    msg: expect.stringMatching(/trusted as before/),
    issuers: ['https://two.example', issuer],
  });
  expect((await change(file(two)))[0]?.settings).toEqual(['issuers']);
  expect(await ask()).toBe(401);
});

test('half a file is served at no time', async () => {
  const whole = base('defaultAccess: public\nlimits: { aliases: 1 }');
  const { ask, change } = await start(whole);
  const half: [string, RegExp][] = [
    [whole.slice(0, whole.indexOf('limits')), /signet.yaml: is the beginning of the file that is served/],
    [
      whole.replace('aliases: 1 }\n\n', 'aliases: 10 }').trimEnd(),
      /signet.yaml: does not end with a line break/,
    ],
  ];
  for (const [text, fault] of half) {
    const [line] = await change(text);
    expect(line?.faults).toEqual([expect.stringMatching(fault)]);
    expect(reasonsOf(await ask('{ a: whoServes b: whoServes }'))).toEqual(['request.limit.aliases']);
  }
});

test('a file counts when it was the same over two polls', async () => {
  await write(base('defaultAccess: public'));
  const load = vi.fn(() => loadSettings({}, path));
  const replace = vi.fn(async () => {});
  const logger = createLogger('test', 'silent');
  const config = loadSettings({}, path);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const stop = await followSettings({ path, config, load, replace, logger, pollMs: 1000 });
  try {
    const pass = async () => {
      vi.advanceTimersByTime(1000);
      while (vi.getTimerCount() === 0) await setImmediate();
    };
    for (const text of ['defaultAccess: authenticated', 'defaultAccess: authenticated\naccess: on']) {
      await writeFile(path, base(text));
      await pass();
      await pass();
      expect(load).not.toHaveBeenCalled();
    }
    await pass();
    expect(load).toHaveBeenCalledOnce();
    expect(replace).toHaveBeenCalledOnce();
    await pass();
    expect(load).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
    await stop();
  }
});
