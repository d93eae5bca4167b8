import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { accessDirectives } from '../libs/subgraph/src/guards/access-directives.ts';
import { root } from './build/manifest.ts';
import {
  createStrangersProject,
  findFreePort,
  readCodeBlock,
  type StrangersProject,
  waitUntilListening,
} from './packed.test-support.ts';

/*
 * docs/adopt/guards-only.md in another team's project: what it says to add is added, and what it says to be refused is asked for.
 */

type TestKit = typeof import('./testing/index.ts');

const page = readFileSync(join(root, 'docs/adopt/guards-only.md'), 'utf8');
/** The file of this name in the page. */
function wholeFile(name: string): string {
  const form = `\\*\\*\`${name}\`\\*\\*\\n\\n\`\`\`\\w+\\n([\\s\\S]*?)^\`\`\`$`;
  const [, code] = new RegExp(form, 'm').exec(page) ?? [];
  return code ?? expect.fail(`The page has no file ${name}.`);
}
/** A file with a difference: as it was and as it becomes. */
function fileOf(name: string): { before: string; after: string; added: number } {
  const lines = wholeFile(name).split('\n');
  const without = (mark: string) =>
    lines
      .filter((line) => !line.startsWith(mark))
      .map((line) => line.replace(/^[ +-]/, ''))
      .join('\n');
  return {
    before: without('+'),
    after: without('-'),
    added: lines.filter((line) => line.startsWith('+')).length,
  };
}
const authors = ['b3b1c2a0-0000-4000-8000-000000000001', 'b3b1c2a0-0000-4000-8000-000000000002'];
const readmeOf = (name: string) => readFileSync(join(import.meta.dirname, name, 'README.md'), 'utf8');

let project: StrangersProject;
let kit: TestKit;
let issuer: Awaited<ReturnType<TestKit['createTestIssuer']>>;
let keys: ReturnType<TestKit['createTestProofKeys']>;

beforeAll(async () => {
  project = await createStrangersProject({
    packages: ['subgraph', 'testing'],
    dependencies: [
      '@apollo/server@5.5.1',
      '@apollo/subgraph@2.15.1',
      '@types/node@24.19.2',
      'graphql@16.15.0',
      'graphql-yoga@5.24.1',
    ],
    files: {
      'reviews.graphql': fileOf('reviews.graphql').after,
      'resolvers.mjs': wholeFile('resolvers.mjs'),
      'apollo.mjs': fileOf('apollo.mjs').after,
      'yoga.mjs': fileOf('yoga.mjs').after,
      'reviews.test.mjs': wholeFile('reviews.test.mjs'),
      'readme.ts': readCodeBlock(readmeOf('subgraph')),
      'readme-testing.ts': readCodeBlock(readmeOf('testing')),
    },
  });
  kit = await import(pathToFileURL(join(project.folder, 'node_modules/@signet/testing/dist/index.js')).href);
  issuer = await kit.createTestIssuer();
  keys = kit.createTestProofKeys(['reviews', 'hello']);
}, 300_000);

afterAll(async () => {
  await project?.remove();
  await issuer?.close();
  keys?.remove();
});

/** Starts a service of the page. @returns the URL of its graph, and what it wrote. */
async function startService(
  file: string,
  env: Record<string, string> = {},
): Promise<{ url: string; output(): string; child: ChildProcess }> {
  const port = await findFreePort();
  const child = project.start([file], {
    ...issuer.environment,
    ...keys.environmentOf('reviews'),
    ...env,
    PORT: String(port),
  });
  let output = '';
  child.stdout?.on('data', (text) => (output += text));
  await waitUntilListening(child, port);
  return { url: `http://127.0.0.1:${port}/graphql`, output: () => output, child };
}

test('the page adds at most ten lines to each service, and before that nobody was refused anything', async () => {
  for (const name of ['apollo.mjs', 'yoga.mjs']) {
    expect(fileOf(name).added + fileOf('reviews.graphql').added, name).toBeLessThanOrEqual(10);
    writeFileSync(
      join(project.folder, `before-${name}`),
      fileOf(name).before.replace('reviews.graphql', 'before.graphql'),
    );
  }
  writeFileSync(join(project.folder, 'before.graphql'), fileOf('reviews.graphql').before);
  for (const name of ['before-apollo.mjs', 'before-yoga.mjs']) {
    const { url } = await startService(name);
    const { body } = await kit.postGraphql(url, { query: '{ moderationQueue { id draft } }' });
    expect(body).toEqual({ data: { moderationQueue: [{ id: '2', draft: 'Very bad.' }] } });
  }
});

test('the types of the packages hold under strict and without skipLibCheck', async () => {
  await project.checkTypes();
});

describe.each(['apollo.mjs', 'yoga.mjs'])('%s behind the guards', (file) => {
  let url: string;
  let output: () => string;
  beforeAll(async () => {
    ({ url, output } = await startService(file));
  });

  type Sender = { token?: string; entrance?: 'graph' | 'user' | 'portal' };
  const ask = (query: string, { entrance, ...sender }: Sender = {}) =>
    keys.gateway('reviews', entrance).post(url, { query }, sender);
  /** Sends with changes what was signed. */
  async function send(body: string, headers: Record<string, string>) {
    const response = await fetch(url, { method: 'POST', headers, body });
    const { data, errors } = (await response.json()) as {
      data?: unknown;
      errors?: { extensions: { reason?: string } }[];
    };
    return { status: response.status, reason: errors?.[0]?.extensions.reason, data };
  }
  const sign = (query: string, { token, entrance }: Sender = {}, gateways = keys) => {
    const body = JSON.stringify({ query });
    return { body, headers: gateways.gateway('reviews', entrance).headersOf({ url, body, token }) };
  };
  const refused = (reason: string) => ({ status: 401, reason: `auth.failure.${reason}`, data: undefined });

  it('knows the caller, and gives each what the rules in its SDL say', async () => {
    const author = await issuer.mintUserToken({
      userId: authors[0] ?? '',
      claims: { scope: 'reviews:write' },
    });
    const staff = await issuer.mintPortalToken({ role: 'support' });
    expect((await ask('{ reviews { id text } }')).body.data.reviews).toHaveLength(2);
    expect((await ask('{ myReviews { id draft } }', { token: author })).body.data).toEqual({
      myReviews: [{ id: '1', draft: 'Very good.' }],
    });
    expect((await ask('{ moderationQueue { id } }', { token: staff })).body.data).toEqual({
      moderationQueue: [{ id: '2' }],
    });
    expect(
      (await ask('mutation { addReview(text: "Fair.") { text } }', { token: author })).body.data,
    ).toEqual({ addReview: { text: 'Fair.' } });
    const denied = async (query: string, sender?: Sender) => {
      const answer = await ask(query, sender);
      return [answer.status, ...new Set(kit.reasonsOf(answer))];
    };
    expect(await denied('{ myReviews { id } }')).toEqual([200, 'auth.failure.missing_token']);
    expect(await denied('{ moderationQueue { id } }', { token: author })).toEqual([
      200,
      'authz.platform.deny',
    ]);
    expect(await denied('mutation { addReview(text: "x") { id } }', { token: staff })).toEqual([
      200,
      'authz.scope.deny',
    ]);
    expect(await denied('{ reviews { draft } }', { token: staff })).toEqual([200, 'authz.permission.deny']);
    const references =
      '{ _entities(representations: [{ __typename: "Review", id: "2", author: "x" }]) { ... on Review { text draft } } }';
    expect((await ask(references, { token: author })).body.data).toEqual({
      _entities: [{ text: 'Bad.', draft: null }],
    });
  });

  it('refuses what is unsigned, forged, changed, too old or of another platform, and what came before', async () => {
    const query = '{ reviews { id } }';
    const token = await issuer.mintUserToken({ claims: { scope: 'reviews:write' } });
    const { body, headers } = sign(query);
    expect(await send(body, headers)).toMatchObject({ status: 200, data: { reviews: expect.anything() } });
    expect(await send(body, { 'content-type': 'application/json' })).toEqual(refused('proof_missing'));
    const strangers = kit.createTestProofKeys(['reviews']);
    expect(await send(...parts(sign(query, {}, strangers)))).toEqual(refused('proof_invalid'));
    strangers.remove();
    expect(await send(body.replace('id', 'draft'), headers)).toEqual(refused('proof_invalid'));
    expect(await send(body, { ...headers, authorization: `Bearer ${token}` })).toEqual(
      refused('proof_invalid'),
    );
    expect(
      await send(...parts(sign(query, { token: await issuer.mintPortalToken(), entrance: 'user' }))),
    ).toEqual(refused('proof_invalid'));
    expect(await send(...parts(sign('{ moderationQueue { id } }', { entrance: 'user' })))).toEqual(
      refused('proof_invalid'),
    );
    const expired = await issuer.mintUserToken({ claims: { exp: 1_700_000_000 } });
    expect(await send(...parts(sign(query, { token: expired })))).toEqual(refused('expired'));
    const mutation = sign('mutation { addReview(text: "Once.") { text } }', { token });
    expect(await send(...parts(mutation))).toMatchObject({
      status: 200,
      data: { addReview: { text: 'Once.' } },
    });
    expect(await send(...parts(mutation))).toEqual(refused('replay'));
    const { data } = await send(...parts(sign('{ reviews { text } }')));
    expect(
      (data as { reviews: { text: string }[] }).reviews.filter(({ text }) => text === 'Once.'),
    ).toHaveLength(1);
  });

  it('refuses what was signed more than 30 s ago', async () => {
    const { keyFile, peersFile } = {
      keyFile: keys.environmentOf('gateway-graph').PROOF_KEY_FILE,
      peersFile: keys.environmentOf('reviews').PROOF_PEERS_FILE,
    };
    const { createProofIdentity } = await import('@signet/proof');
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
    const { signer } = createProofIdentity({
      name: 'gateway-graph',
      keys: read(keyFile),
      peers: read(peersFile),
      now: () => Date.now() - 31_000,
    });
    const { body, headers } = sign('{ reviews { id } }');
    const own = Object.fromEntries(
      Object.entries(headers).filter(([name]) => ['content-type', 'signet-context'].includes(name)),
    );
    const proof = signer.sign('reviews', { method: 'POST', path: '/graphql', query: '', headers: own, body });
    expect(await send(body, { ...own, ...proof })).toEqual(refused('proof_invalid'));
  });

  it('answers the gateway, which signs for it', async () => {
    const graph = composeGraph(url);
    const port = await findFreePort();
    const child = project.start([join(root, 'gateway/main.mjs')], {
      ...issuer.environment,
      SUPERGRAPH_FILE: graph,
      PORT: String(port),
      GRAPH_PROOF_KEY_FILE: keys.environmentOf('gateway-graph').PROOF_KEY_FILE,
      PROOF_PEERS_FILE: keys.environmentOf('gateway-graph').PROOF_PEERS_FILE,
    });
    await waitUntilListening(child, port);
    const token = await issuer.mintPortalToken();
    const answer = await kit.postGraphql(
      `http://127.0.0.1:${port}/graphql`,
      { query: '{ moderationQueue { id } }' },
      { token },
    );
    expect(answer.body).toEqual({
      data: { moderationQueue: [{ id: '2' }, ...Array(2).fill({ id: expect.any(String) })] },
    });
    child.kill();
    await once(child, 'exit');
  });

  it('says in its log what a stranger should know', () => {
    expect(output()).toContain('nonces of mutations are kept in this process');
    expect(output()).toContain('requests were refused for the proof of their sender');
  });
});

test.each(['apollo.mjs', 'yoga.mjs'])(
  '%s does not start where a setting is wrong, and names all faults',
  async (file) => {
    const child = project.start([file], { ISSUER_URL: 'nonsense', PORT: '0' });
    let errors = '';
    child.stderr?.on('data', (text) => (errors += text));
    const [code] = await once(child, 'close');
    expect(code).not.toBe(0);
    expect(errors).toContain('ISSUER_URL: must be an http or https URL');
  },
);

test('the README of testing runs', async () => {
  const port = String(await findFreePort());
  // The subgraph starts with what the program prints, before the program asks it.
  const wait = "await new Promise((go) => process.stdin.once('data', go));\n";
  const program = readCodeBlock(readmeOf('testing')).replace('const token', `${wait}const token`);
  writeFileSync(join(project.folder, 'readme-testing-run.ts'), program.replace('4010', port));
  const hello = readCodeBlock(readmeOf('subgraph')).replace('4010', port);
  writeFileSync(join(project.folder, 'readme-hello.ts'), hello);
  const child = project.start(['readme-testing-run.ts']);
  let output = '';
  let errors = '';
  child.stderr?.on('data', (text) => (errors += text));
  const line = await new Promise<string>((resolve, reject) => {
    child.once('close', () => reject(new Error(`The program ended:\n${errors}`)));
    child.stdout?.on('data', (text) => {
      output += text;
      if (output.includes('\n')) resolve(output.slice(0, output.indexOf('\n')));
    });
  });
  await waitUntilListening(project.start(['readme-hello.ts'], JSON.parse(line)), Number(port));
  child.stdin?.end('go');
  await once(child, 'close');
  expect([output.slice(line.length + 1), errors]).toEqual(["200 [ 'authz.platform.deny' ]\n", '']);
});

test('the README of subgraph and the test of the page run', async () => {
  const readme = readCodeBlock(readmeOf('subgraph')).replace('4010', String(await findFreePort()));
  const port = Number(/port: (\d+)/.exec(readme)?.[1]);
  writeFileSync(join(project.folder, 'readme-served.ts'), readme);
  const child = project.start(['readme-served.ts'], {
    ...issuer.environment,
    ...keys.environmentOf('hello'),
  });
  await waitUntilListening(child, port);
  const answer = await keys
    .gateway('hello')
    .post(`http://127.0.0.1:${port}/graphql`, { query: '{ hello desk }' });
  expect([answer.body.data, kit.reasonsOf(answer)]).toEqual([
    { hello: 'Hello.', desk: null },
    ['auth.failure.missing_token'],
  ]);
  const testFile = wholeFile('reviews.test.mjs').replaceAll('4010', String(await findFreePort()));
  writeFileSync(join(project.folder, 'reviews.test.mjs'), testFile);
  expect(await project.node('--test', 'reviews.test.mjs')).toContain('the moderation queue is for staff');
});

function parts({ body, headers }: { body: string; headers: Record<string, string> }) {
  return [body, headers] as const;
}

/** Composes the page's subgraph alone. @returns the path of the supergraph. */
function composeGraph(url: string): string {
  const typeDefs = parse(accessDirectives + fileOf('reviews.graphql').after);
  const { supergraphSdl, errors } = composeServices([{ name: 'reviews', typeDefs, url }]);
  if (supergraphSdl === undefined) throw new Error(errors?.map(({ message }) => message).join('\n'));
  const path = join(project.folder, 'supergraph.graphql');
  writeFileSync(path, supergraphSdl);
  return path;
}
