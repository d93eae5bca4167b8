import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type RunningServer } from '@signet/service';
import { postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startGateway } from '../start.ts';
import {
  composeForeignGraph,
  type ForeignSubgraph,
  serveForeignSubgraph,
} from '../supergraph/foreign-graph.test-support.ts';
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

type Line = { msg: string; settings?: string[]; faults?: string[] };

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
  const isOutcome = ({ msg }: Line) => /new settings|at the next start only/.test(msg);
  return {
    url,
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

test('what needs a restart is named, and the rest of the file is taken', async () => {
  const { ask, change } = await start(base('defaultAccess: public\nmaxInFlight: 100'));
  const lines = await change(
    base('defaultAccess: public\nmaxInFlight: 50\nlimits: { aliases: 1 }\nhost: 0.0.0.0').replace(
      'shop: {',
      'staff: { port: 1 }, shop: {',
    ),
    2,
  );
  expect(lines).toMatchObject([
    {
      msg: 'these settings change at the next start only',
      settings: [
        expect.stringMatching(/: host$/),
        expect.stringMatching(/signet.yaml:6:1: maxInFlight/),
        'entrances: their names',
      ],
    },
    { msg: 'new settings are served', settings: [expect.stringMatching(/limits.aliases/)] },
  ]);
  expect(reasonsOf(await ask('{ a: whoServes b: whoServes }'))).toEqual(['request.limit.aliases']);
});
