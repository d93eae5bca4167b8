import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subgraphs } from '@signet/schema/subgraphs';
import { postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyRepository, type RepositoryCopy } from '../../cli/src/repository-copy.test-support.ts';
import { startCopy } from '../../cli/src/started-copy.test-support.ts';

/*
 * Runs the blocks of whole-platform.md in a copy of this repository: the shop is deleted and a subgraph is added. Then the copy must pass what
 * this repository must. Here is where `remove-shop` and `new subgraph` are tried in earnest.
 */

const page = readFileSync(join(import.meta.dirname, 'whole-platform.md'), 'utf8');
const textsOf = (language: string) =>
  [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = '']) => text);
const shop = subgraphs.filter(({ isDemo }) => isDemo).map(({ name }) => name);
/**
 * What reads the registry, the generated graph, scopes or rights, and takes seconds. The whole suite runs without the shop in
 * .github/workflows/ci.yml.
 */
const testsThatNotice = [
  'subgraphs/reviews',
  'schema',
  'docs',
  'deploy/compose',
  'deploy/make-secrets',
  'deploy/routers',
  'db/src/access/permissions',
  'db/src/access/tenants-apart',
  'libs/access',
  'libs/proof/src/proof-folder',
  'libs/session/src/verifier',
  'gateway/src/config',
  'gateway/src/limits/cost-book',
  'gateway/src/limits/known-limits',
  'gateway/src/execute/strip-rules',
  'gateway/src/subgraphs',
];

let copy: RepositoryCopy;
beforeAll(async () => {
  copy = await copyRepository();
});
afterAll(() => copy?.remove());

const read = (path: string) => readFileSync(join(copy.path, path), 'utf8');
/** The copy's node_modules/.bin is that of this repository, and so would be its signet. */
const signet = (...args: string[]) => copy.run('node', 'cli/bin/signet.mjs', ...args);

test('the commands of the page delete the shop and add a subgraph', async () => {
  const [, change = ''] = textsOf('sh');
  for (const line of change.trimEnd().split('\n')) {
    const isRemoval = line.endsWith(' remove-shop');
    if (isRemoval && shop.length === 0) continue;
    await copy.run('sh', '-c', line.replace(/^npx signet /, 'node cli/bin/signet.mjs '));
    // What is left holds by itself, before the next command writes it anew.
    if (isRemoval) await Promise.all([signet('compose', '--check'), signet('access', '--check')]);
  }
  for (const name of shop) {
    expect(existsSync(join(copy.path, 'subgraphs', name))).toBe(false);
    expect(read('docker-compose.yml')).not.toMatch(new RegExp(`\\b${name}\\b`));
    expect(read('schema/generated/supergraph.graphql')).not.toMatch(new RegExp(`\\b${name}\\b`, 'i'));
  }
  expect(existsSync(join(copy.path, 'examples/storefront'))).toBe(false);
  expect(existsSync(join(copy.path, 'subgraphs/reviews/subgraph.ts'))).toBe(true);
  await expect(signet('remove-shop', '--force')).rejects.toThrow(/There is no demo shop/);
}, 300_000);

test('passes every check, without another touch', async () => {
  await copy.run('npx', 'tsc', '--noEmit');
  await copy.run('npm', 'run', 'lint');
}, 600_000);

test('passes the tests that notice', async () => {
  await copy.run('npx', 'vitest', 'run', '--project', 'unit', ...testsThatNotice);
}, 900_000);

test('starts, lets customers and staff in, and serves the new subgraph beside the platform', async () => {
  expect(textsOf('sh').at(-1)).toBe('npm start\n');
  const { url, variables, password, stop } = await startCopy(copy);
  const signIn = async (mutation: string, email: string) => {
    const input = `{ email: "${email}", password: "${password}" }`;
    const { body } = await postGraphql(`${url}/graphql`, {
      query: `mutation { signedIn: ${mutation}(input: ${input}) { accessToken } }`,
    });
    return (body.data as { signedIn: { accessToken: string } }).signedIn.accessToken;
  };
  const [create = '', question = ''] = textsOf('graphql');
  try {
    const ada = await signIn('login', 'ada@example.com');
    const ask = async (query: string, token: string) => postGraphql(`${url}/graphql`, { query }, { token });
    expect((await ask(create, ada)).body.data).toEqual({ createReview: { text: 'good' } });
    expect((await ask(question, ada)).body.data).toEqual({
      me: { email: 'ada@example.com' },
      myReviews: [{ text: 'good' }],
    });
    const staff = await signIn('portalLogin', 'support@example.com');
    expect(reasonsOf(await ask(create, staff))).toEqual(['authz.platform.deny']);
    await copy.runWith(variables, 'node', 'cli/bin/signet.mjs', 'smoke', url);
  } finally {
    await stop();
  }
}, 300_000);
