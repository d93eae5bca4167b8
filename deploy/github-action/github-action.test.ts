import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { parse as parseYaml } from 'yaml';

const root = join(import.meta.dirname, '../..');
const bot = 'github-actions[bot]';

type Comment = { id: number; user: { login: string }; body: string };

/** A part of GitHub's API: the comments of pull request 7. */
let api: Server & { comments: Comment[]; calls: string[]; tokens: Set<string>; isReadOnly: boolean };
let url: string;
let folder: string;
beforeAll(async () => {
  api = Object.assign(
    createServer(async (req, res) => {
      const { pathname, searchParams } = new URL(req.url ?? '', 'http://api');
      const answer = (status: number, body: unknown) =>
        res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      api.tokens.add(req.headers.authorization ?? '');
      api.calls.push(`${req.method} ${pathname}`);
      const list = '/repos/acme/graph/issues/7/comments';
      if (req.method === 'GET' && pathname === list) {
        const start = (Number(searchParams.get('page')) - 1) * 100;
        return answer(200, api.comments.slice(start, start + 100));
      }
      if (api.isReadOnly) return answer(403, { message: 'Resource not accessible by integration' });
      const { body } = (await json(req)) as { body: string };
      if (req.method === 'POST' && pathname === list) {
        api.comments.push({ id: api.comments.length + 1, user: { login: bot }, body });
        return answer(201, {});
      }
      const id = Number(/^\/repos\/acme\/graph\/issues\/comments\/(\d+)$/.exec(pathname)?.[1]);
      const known = api.comments.find((comment) => comment.id === id);
      if (req.method !== 'PATCH' || !known) return answer(404, {});
      known.body = body;
      return answer(200, {});
    }),
    { comments: [], calls: [], tokens: new Set<string>(), isReadOnly: false },
  );
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'signet-action-'));
  const bin = join(folder, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  const signet = `exec '${process.execPath}' '${root}/packages/cli/signet.mjs'`;
  // Stands for npx, which starts more slowly and has a test in packages/adopt-check.e2e.ts.
  const npx = `[ "$1 $2" = '--no-install signet' ] || exit 9\nshift 2\nenv > '${folder}/environment'\n${signet} "$@"`;
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\n${npx}\n`, { mode: 0o755 });
  git('init', '-q', '-b', 'main');
});
beforeEach(() => {
  Object.assign(api, { comments: [], calls: [], tokens: new Set(), isReadOnly: false });
});
afterAll(() => {
  api?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

function git(...words: string[]): string {
  return execFileSync(
    'git',
    ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words],
    { encoding: 'utf8', stdio: 'pipe' },
  );
}

function compose(sdl: string): string {
  const header =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@requiresScopes"])';
  const services = [{ name: 'shop', url: 'http://shop.invalid', typeDefs: parse(`${header}\n${sdl}`) }];
  return composeServices(services).supergraphSdl ?? '';
}

/**
 * Commits the first supergraph as the base of a pull request that has the second one, and runs the action there.
 *
 * @param eventOf another event than a pull request, from the hash of the base
 */
async function runAction(
  before: string,
  after: string,
  inputs: Record<string, string> = {},
  eventOf: (sha: string) => object = (sha) => ({ pull_request: { number: 7, base: { sha } } }),
) {
  const file = inputs.supergraph ?? 'supergraph.graphql';
  writeFileSync(join(folder, file), before);
  git('add', '--', file);
  git('commit', '-q', '--allow-empty', '-m', 'base');
  const sha = git('rev-parse', 'HEAD').trim();
  writeFileSync(join(folder, file), after);
  const event = join(folder, 'event.json');
  const summary = join(folder, 'summary.md');
  writeFileSync(event, JSON.stringify(eventOf(sha)));
  writeFileSync(summary, '');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'check-access.mjs')], {
    cwd: folder,
    env: {
      PATH: `${join(folder, 'node_modules/.bin')}:${process.env.PATH}`,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      GITHUB_EVENT_PATH: event,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_API_URL: url,
      GITHUB_REPOSITORY: 'acme/graph',
      SIGNET_SUPERGRAPH: file,
      SIGNET_DEFAULT_ACCESS: 'public',
      SIGNET_ACKNOWLEDGED: 'access-changes.yaml',
      SIGNET_COMMENT: 'true',
      SIGNET_TOKEN: 'secret-token',
      ...inputs,
    },
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code, out, summary: readFileSync(summary, 'utf8') };
}

const closed = compose('type Query { open: Int report: Int @requiresScopes(scopes: [["reports"]]) }');
const open = compose('type Query { open: Int report: Int @authenticated }');

describe('on a pull request', () => {
  it('comments once, changes its comment later, and fails on a gain', async () => {
    api.comments.push({ id: 1, user: { login: 'mallory' }, body: 'hello' });
    const { code, summary } = await runAction(closed, open);
    expect(code).toBe(1);
    expect(api.comments).toHaveLength(2);
    expect(api.comments[1]?.body).toMatch(
      /^<!-- signet-access [0-9a-f]{16} -->\n## Access: 1 gain of access, 1 of them not acknowledged/,
    );
    expect(api.comments[1]?.body).toContain('| `Query.report` | `authenticated` | rule changed | **no** |');
    expect(summary).toContain('| `Query.report` | `authenticated` | rule changed | **no** |');
    expect([...api.tokens]).toEqual(['Bearer secret-token']);
    // What the project installed is run without the token.
    expect(readFileSync(join(folder, 'environment'), 'utf8')).not.toContain('secret-token');

    writeFileSync(
      join(folder, 'access-changes.yaml'),
      '- { coordinate: Query.report, caller: authenticated, reason: decided }',
    );
    expect((await runAction(closed, open)).code).toBe(0);
    rmSync(join(folder, 'access-changes.yaml'));
    expect(api.comments).toHaveLength(2);
    expect(api.comments[1]?.body).toContain(
      '| `Query.report` | `authenticated` | rule changed | `decided` |',
    );
  });

  it("leaves somebody else's comment alone that has its mark, and finds its own on the second page", async () => {
    await runAction(closed, open);
    const [own] = api.comments.splice(0);
    if (!own) throw new Error('no comment');
    const others = Array.from({ length: 100 }, (_, at) => ({
      id: 1000 + at,
      user: { login: 'mallory' },
      body: own.body,
    }));
    api.comments = [...others, { ...own, body: own.body.replace('1 gain', 'old') }];
    await runAction(closed, open);
    expect(api.comments).toHaveLength(101);
    expect(api.comments[100]?.body).toBe(own.body);
    expect(api.calls.filter((call) => call.startsWith('PATCH'))).toEqual([
      `PATCH /repos/acme/graph/issues/comments/${own.id}`,
    ]);
  });

  it('says nothing where nothing changed', async () => {
    expect((await runAction(open, open)).code).toBe(0);
    expect(api.comments).toEqual([]);
  });

  it('checks all the same where it may not comment, as for a fork', async () => {
    api.isReadOnly = true;
    const { code, out, summary } = await runAction(closed, open);
    expect(code).toBe(1);
    expect(out).toContain('The report is in the summary of this job only: GitHub answered 403');
    expect(summary).toContain('Query.report');
    expect(out).not.toContain('secret-token');
  });

  it('fails on what cannot be read, and lets no text become a command of the runner', async () => {
    const { code, out } = await runAction(closed, '"\n::set-env name=PATH::x\n');
    expect(code).toBe(1);
    expect(api.comments[0]?.body).toContain('The comparison failed.');
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^::stop-commands::[0-9a-f-]{36}$/);
    expect(lines.filter((line) => line.startsWith('::')).slice(1)).toEqual([
      lines[0]?.replace('::stop-commands', '').concat('::'),
    ]);
  });

  it('takes a name of a file as a name, whatever it holds', async () => {
    const supergraph = '--version $(touch pwned) `touch pwned` "; touch pwned; #.graphql';
    const { code } = await runAction(closed, open, { SIGNET_SUPERGRAPH: supergraph, supergraph });
    expect(code).toBe(1);
    expect(api.comments[0]?.body).toContain('1 gain of access');
    expect(() => readFileSync(join(folder, 'pwned'))).toThrow('ENOENT');
  });
});

describe('on another event', () => {
  test.each([
    ['a merge queue', (sha: string) => ({ merge_group: { base_sha: sha } })],
    ['a push', (sha: string) => ({ before: sha, after: sha })],
  ])('compares with the base of %s', async (_, eventOf) => {
    const { code, summary } = await runAction(closed, open, {}, eventOf);
    expect(code).toBe(1);
    expect(summary).toContain('| `Query.report` | `authenticated` | rule changed | **no** |');
    expect((await runAction(open, open, {}, eventOf)).code).toBe(0);
    expect(api.calls).toEqual([]);
  });

  test.each([
    ['a push of a new branch', { before: '0'.repeat(40) }],
    ['a start by hand', {}],
  ])('fails without a base: %s', async (_, event) => {
    const { code, summary } = await runAction(open, open, { GITHUB_EVENT_NAME: 'some_event' }, () => event);
    expect(code).toBe(1);
    expect(summary).toContain(
      'The event some_event names no commit to compare with, so nothing is compared. A graph that is new needs',
    );
  });
});

it('fails where the base has the supergraph elsewhere or not at all, unless the graph is new', async () => {
  await runAction(closed, closed);
  const sha = git('rev-parse', 'HEAD').trim();
  const moved = { SIGNET_SUPERGRAPH: 'moved.graphql', supergraph: 'moved.graphql' };
  const { code, summary } = await runAction(open, open, moved, () => ({ before: sha }));
  expect(code).toBe(1);
  expect(summary).toContain('The base has no moved.graphql there, so nothing is compared.');
  const asNew = { ...moved, SIGNET_NEW_GRAPH: 'true' };
  expect((await runAction(open, open, asNew, () => ({ before: sha }))).code).toBe(0);
  // Where the base has it, it is compared all the same.
  expect((await runAction(closed, open, asNew)).code).toBe(1);
});

test('no script of action.yml has a part that somebody else may write, and every input reaches the script', () => {
  const { inputs, runs } = parseYaml(readFileSync(join(import.meta.dirname, 'action.yml'), 'utf8'));
  const [step, ...others] = runs.steps;
  expect(others).toEqual([]);
  expect(step.run).toBe('node "$GITHUB_ACTION_PATH/check-access.mjs"');
  const used = Object.values(step.env).map(
    (value) => /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(String(value))?.[1],
  );
  expect(used.sort()).toEqual(Object.keys(inputs).sort());
  const script = readFileSync(join(import.meta.dirname, 'check-access.mjs'), 'utf8');
  for (const name of Object.keys(step.env)) expect(script).toContain(name);
});
