import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestIssuer, postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  composeForeignGraph,
  type ForeignSubgraph,
  serveForeignSubgraph,
} from './supergraph/foreign-graph.test-support.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
let catalog: ForeignSubgraph;
let reviews: ForeignSubgraph;
let issuer: Awaited<ReturnType<typeof createTestIssuer>>;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-graph-'));
  [catalog, reviews, issuer] = await Promise.all([
    serveForeignSubgraph('Product-Catalog'),
    serveForeignSubgraph('reviews_v2'),
    createTestIssuer(),
  ]);
});
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  children.clear();
});
afterAll(async () => {
  await Promise.all([catalog.close(), reviews.close(), issuer.close()]);
  await rm(folder, { recursive: true, force: true });
});

type Started = { url: string; output(): string; exited: Promise<number | null> };

/** Starts the gateway as a process with these variables and no other. Resolves when it is ready or has ended. */
async function startProcess(environment: Record<string, string>): Promise<Started> {
  const port = await findFreePort();
  const child = spawn(process.execPath, ['gateway/main.mjs'], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: String(port), ...environment },
    stdio: 'pipe',
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const url = `http://127.0.0.1:${port}`;
  const isReady = async () => (await fetch(`${url}/health/ready`).catch(() => undefined))?.ok;
  while (child.exitCode === null && !(await isReady())) await sleep(50);
  return { url, output: () => output, exited };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function writeGraph(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(`${path}.new`, text);
  // As deployments do it: at no time is there half a file.
  await rename(`${path}.new`, path);
  return path;
}

const ownUrls = () => ({ 'Product-Catalog': catalog.url, reviews_v2: reviews.url });
const open = { ACCESS: 'off', PROOF: 'off' };
const query = '{ topProducts(first: 2) { name reviews { text } } }';
const data = {
  topProducts: [
    { name: 'Product 1', reviews: [{ text: 'about 1' }] },
    { name: 'Product 2', reviews: [{ text: 'about 2' }] },
  ],
};

describe('a supergraph of other subgraphs', () => {
  it('is served by its file and a port alone, to anonymous callers, and says what is off', async () => {
    const SUPERGRAPH_FILE = await writeGraph('plain.graphql', composeForeignGraph(ownUrls()));
    const { url, output } = await startProcess({ SUPERGRAPH_FILE, ...open });
    catalog.fetches.length = 0;
    expect((await postGraphql(`${url}/graphql`, { query })).body).toEqual({ data });
    expect(catalog.fetches[0]).not.toHaveProperty('signature');
    expect(output()).toMatch(/ACCESS=off/);
    expect(output()).toMatch(/PROOF=off/);
    expect(output()).toMatch(/every caller is anonymous/);
    const token = await issuer.mintUserToken({ tenantId: crypto.randomUUID(), userId: crypto.randomUUID() });
    const refused = await postGraphql(`${url}/graphql`, { query }, { token });
    expect([refused.status, reasonsOf(refused)]).toEqual([401, ['auth.failure.issuer_mismatch']]);
    expect((await fetch(`${url}/.well-known/jwks.json`)).status).toBe(404);
    const page = await fetch(`${url}/`, { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Signet')]);
    const limited = await postGraphql(`${url}/graphql`, { query: `{ ${'a: whoServes '.repeat(50)} }` });
    expect(reasonsOf(limited)).toEqual([expect.stringMatching(/^request\.limit\./)]);
  });

  it('asks subgraphs where SUBGRAPH_URLS says, and takes a changed file without a restart', async () => {
    const elsewhere = await serveForeignSubgraph('Product-Catalog', 'elsewhere');
    const nowhere = { ...ownUrls(), 'Product-Catalog': 'http://catalog.invalid/graphql' };
    const SUPERGRAPH_FILE = await writeGraph('moved.graphql', composeForeignGraph(nowhere));
    const SUBGRAPH_URLS = `Product-Catalog=${elsewhere.url}`;
    const { url, output } = await startProcess({ SUPERGRAPH_FILE, SUBGRAPH_URLS, ...open });
    const ask = (text: string) => postGraphql(`${url}/graphql`, { query: text });
    expect((await ask('{ whoServes }')).body).toEqual({ data: { whoServes: 'elsewhere' } });
    const fields = async () =>
      (await ask('{ __type(name: "Query") { fields { name } } }')).body.data.__type.fields;
    expect(await fields()).not.toContainEqual({ name: 'added' });
    await writeGraph('moved.graphql', 'type Query { half');
    await waitFor(() => output().includes('the previous one stays'));
    expect((await ask('{ whoServes }')).status).toBe(200);
    await writeGraph(
      'moved.graphql',
      composeForeignGraph(nowhere, { more: 'extend type Query { added: String }' }),
    );
    await waitFor(() => output().includes('a new supergraph is served'));
    expect(await fields()).toContainEqual({ name: 'added' });
    await elsewhere.close();
  });

  it('has its rules enforced for tokens of the issuer that is configured; a field without a rule is refused', async () => {
    const SUPERGRAPH_FILE = await writeGraph(
      'ruled.graphql',
      composeForeignGraph(ownUrls(), { rules: true }),
    );
    const { url, output } = await startProcess({
      SUPERGRAPH_FILE,
      PROOF: 'off',
      ISSUER_URL: issuer.issuerUrl,
      USER_JWKS_URL: issuer.jwksUrls.user,
    });
    expect(output()).toMatch(
      /"first":\["Query\.topProducts".*no access rule, so they are refused to everybody/,
    );
    const token = await issuer.mintUserToken({ tenantId: crypto.randomUUID(), userId: crypto.randomUUID() });
    const ask = (text: string, by?: string) =>
      postGraphql(`${url}/graphql`, { query: text }, by ? { token: by } : {});
    const anonymous = await ask('{ whoServes }');
    expect([anonymous.status, reasonsOf(anonymous)]).toEqual([401, ['auth.failure.missing_token']]);
    expect((await ask('{ whoServes }', token)).body).toEqual({ data: { whoServes: 'Product-Catalog' } });
    const unruled = await ask(query, token);
    expect([unruled.status, new Set(reasonsOf(unruled))]).toEqual([403, new Set(['authz.permission.deny'])]);
    const forged = await ask('{ whoServes }', `${token.slice(0, -4)}AAAA`);
    expect(forged.status).toBe(401);
    const staff = await issuer.mintPortalToken({
      tenantId: crypto.randomUUID(),
      staffId: crypto.randomUUID(),
      role: 'support',
    });
    expect(reasonsOf(await ask('{ whoServes }', staff))).toEqual(['auth.failure.issuer_mismatch']);
    expect((await fetch(`${url}/.well-known/jwks/user.json`)).status).toBe(200);
  });

  it.each([
    ['without a URL for a subgraph', { SUPERGRAPH_FILE: 'urlless' }, /reviews_v2.*SUBGRAPH_URLS/],
    ['that is no supergraph', { SUPERGRAPH_FILE: 'plain-schema' }, /SUPERGRAPH_FILE:.*no supergraph/],
    ['that is not there', { SUPERGRAPH_FILE: 'absent' }, /SUPERGRAPH_FILE:.*ENOENT/],
    ['at three entrances', { SUPERGRAPH_FILE: 'good', ENTRANCES: 'graph' }, /ENTRANCES:.*one entrance/],
    [
      'with everything off in production',
      { SUPERGRAPH_FILE: 'good', NODE_ENV: 'production' },
      /PROOF: must not be off[\s\S]*ACCESS: must not be off/,
    ],
  ])('%s ends the start with what to change', async (_title, environment, fault) => {
    await writeGraph('good', composeForeignGraph(ownUrls()));
    await writeGraph('urlless', composeForeignGraph({ ...ownUrls(), reviews_v2: '' }));
    await writeGraph('plain-schema', 'type Query { a: Int }');
    const SUPERGRAPH_FILE = join(folder, environment.SUPERGRAPH_FILE);
    const { exited, output } = await startProcess({ ...open, ...environment, SUPERGRAPH_FILE });
    expect(await exited).toBe(1);
    expect(output()).toMatch(fault);
  });

  it('is served in production where each exception is confirmed', async () => {
    const SUPERGRAPH_FILE = await writeGraph('confirmed.graphql', composeForeignGraph(ownUrls()));
    const confirmed = { ACCESS_OFF_IN_PRODUCTION: 'yes', PROOF_OFF_IN_PRODUCTION: 'yes' };
    const { url } = await startProcess({ SUPERGRAPH_FILE, NODE_ENV: 'production', ...open, ...confirmed });
    expect((await postGraphql(`${url}/graphql`, { query })).body).toEqual({ data });
  });
});

async function waitFor(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(50);
}
