import { writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { ConfigError, createLogger } from '@signet/service';
import { UnreadKeysError } from '@signet/session';
import { reasonsOf } from '@signet/testing';
import { expect, test, vi } from 'vitest';
import type { GatewayConfig } from '../config.ts';
import { type LogLine, openFollowedGateway } from './follow.test-support.ts';
import { followSettings } from './follow-settings.ts';
import { loadSettings } from './load-settings.ts';

const { graph, base, write, start } = openFollowedGateway();

test('limits, default rule, subgraphs and origins of a changed file hold without a restart; requests under way finish', async () => {
  const { ask, change, url } = await start(base('defaultAccess: public'));
  expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'first' });
  const held = graph.reviews.hold();
  const underWay = ask('{ whoServes topProducts(first: 1) { reviews { text } } }');
  await held.reached;
  const [line] = await change(
    base('defaultAccess: public\nlimits: { aliases: 1 }', graph.other.url).replace(
      'shop.example',
      'other.example',
    ),
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
      base('defaultAccess: public').replace(graph.catalog.url, 'nowhere'),
      /subgraphs.Product-Catalog: must be an http/,
    ],
  ];
  for (const [text, fault] of bad) {
    const [line] = await change(text);
    expect(line?.msg).toBe('the new settings cannot be served; the previous ones stay');
    expect(line?.faults?.join('\n')).toMatch(fault);
    expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'first' });
  }
  const [line] = await change(base('defaultAccess: public', graph.other.url));
  expect(line?.msg).toBe('new settings are served');
});

test('a file that changes what needs a restart is served in no part, and the log says so', async () => {
  const { ask, change } = await start(
    base('defaultAccess: public\nsurface: production\nproofOffInProduction: yes'),
  );
  const without = /signet.yaml:7:1: access$/;
  const [line] = await change(
    base(
      'defaultAccess: public\nsurface: development\naccess: off\nproofOffInProduction: yes',
      graph.other.url,
    ),
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
    base('defaultAccess: public\nsurface: production\nproofOffInProduction: yes', graph.other.url),
  );
  expect(last?.settings).toEqual([expect.stringMatching(/subgraphs/)]);
  expect((await ask('{ whoServes }')).body.data).toEqual({ whoServes: 'second' });
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
  const load = vi.fn(() => loadSettings({}, graph.path));
  const lines: LogLine[] = [];
  const logger = createLogger('test', 'info', { write: (line) => lines.push(JSON.parse(line)) });
  let time = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const end = await followSettings({
    path: graph.path,
    config: loadSettings({}, graph.path),
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
      await writeFile(graph.path, base(text));
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
      await writeFile(graph.path, `${lines.slice(0, count).join('\n')}\n`);
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
