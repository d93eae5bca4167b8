import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { subgraphs } from '@signet/schema/subgraphs';
import { postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyRepository, type RepositoryCopy } from '../../cli/src/repository-copy.test-support.ts';
import { startCopy } from '../../cli/src/started-copy.test-support.ts';

/*
 * Runs the blocks of whole-platform.md in a copy of this repository: the shop is deleted, and a subgraph and a role of staff are added. Then the
 * copy must pass what this repository must. Here is where `remove-shop` and `new subgraph` are tried in earnest.
 */

const page = readFileSync(join(import.meta.dirname, 'whole-platform.md'), 'utf8');
const contributing = readFileSync(join(import.meta.dirname, '../../CONTRIBUTING.md'), 'utf8');
const aboutRoles = /^## Add a staff role\n[\s\S]*?(?=^## )/m.exec(contributing)?.[0] ?? '';
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
  'db/src/migrate/staff-roles',
  'libs/access',
  'libs/proof/src/proof-folder',
  'libs/session/src/verifier',
  'gateway/src/config',
  'gateway/src/limits/cost-book',
  'gateway/src/limits/known-limits',
  'gateway/src/execute/strip-rules',
  'gateway/src/subgraphs/auth-route',
  'gateway/src/subgraphs/subgraph-readiness',
  'packages/build/any-scopes',
  'subgraphs/auth/src/mail/mail-texts',
  'subgraphs/auth/src/operations/staff-ranks',
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
  for (const path of ['README.md', 'ARCHITECTURE.md']) {
    expect(read(path)).not.toMatch(/<!-- \/?shop|Placing an order|me \{ email orders/);
    expect(read(path)).toContain('npx signet new subgraph');
  }
  expect(existsSync(join(copy.path, 'subgraphs/reviews/subgraph.ts'))).toBe(true);
  await expect(signet('remove-shop', '--force')).rejects.toThrow(/There is no demo shop/);
}, 300_000);

test('two files of the contract add a role of staff', async () => {
  const [entry = '', lines = ''] = [...aboutRoles.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
  const change = (path: string, edit: (text: string) => string) =>
    writeFileSync(join(copy.path, path), edit(read(path)));
  change('schema/contract/staff-roles.ts', (text) =>
    text.replace(
      /^ {2}support: \{$/m,
      (support) => `${entry.replaceAll(/^ {3}/gm, '  ').trimEnd()}\n${support}`,
    ),
  );
  await expect(signet('access')).rejects.toThrow(/scopes.ts: no scope names the role 'auditor'/);
  change('schema/contract/scopes.ts', (text) =>
    lines
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
      .reduce(
        (all, line) => all.replace(new RegExp(`^ *${line.split(': ')[0]}: .*$`, 'm'), `  ${line}`),
        text,
      ),
  );
  await expect(signet('compose', '--check')).rejects.toThrow(/Out of date: .*portal\.graphql/);
  await expect(signet('access', '--check')).rejects.toThrow(/Out of date: .*Run npm run compose/);
  await copy.run('sh', '-c', 'npm run compose && npm run access');
  expect(read('schema/generated/access-matrix.md')).toContain('| anonymous | user | auditor | support |');
}, 300_000);

test('passes every check, without another touch', async () => {
  await copy.run('node_modules/.bin/tsc', '--noEmit');
  await signet('lint');
  // Biome looks at each file by itself, and `npm test` has looked at those that nothing changed.
  const isOfBiome = /\.(ts|tsx|mjs|json|css)$/;
  const changed = await copy.run('git', 'ls-files', '-z', '--modified', '--others', '--exclude-standard');
  const files = changed
    .split('\0')
    .filter((name) => isOfBiome.test(name) && existsSync(join(copy.path, name)));
  expect(files).toContain('subgraphs/reviews/subgraph.ts');
  await copy.run('node_modules/.bin/biome', 'check', '--no-errors-on-unmatched', ...files);
}, 600_000);

test('passes the tests that notice', async () => {
  // One worker loads what they share once, and leaves the other core to the run around this.
  const options = ['--project', 'unit', '--no-file-parallelism', ...testsThatNotice];
  await copy.run('node_modules/.bin/vitest', 'run', ...options);
}, 900_000);

test('starts, lets customers and staff in, and serves the new subgraph beside the platform', async () => {
  expect(textsOf('sh').at(-1)).toBe('npm start\n');
  // SDL that was changed and not composed: what runs is the graph of before.
  const sdl = 'subgraphs/portal/src/audit-log.graphql';
  writeFileSync(join(copy.path, sdl), read(sdl).replace('"1 to 100."', '"From 1 to 100."'));
  utimesSync(join(copy.path, sdl), new Date(), new Date(Date.now() + 60_000));
  const { url, variables, password, readOutput, stop } = await startCopy(copy);
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
    await expect
      .poll(readOutput, { timeout: 60_000, interval: 200 })
      .toMatch(
        /What runs here is the schema that was composed last\. Out of date: .*supergraph\.graphql.*Run npm run compose/,
      );
    await copy.runWith(variables, 'node', 'cli/bin/signet.mjs', 'smoke', url);
    // The role that was added: an account of the seed has it, and somebody is invited with it.
    const audit = '{ auditLog(first: 1) { edges { node { kind } } } }';
    expect(reasonsOf(await ask(audit, staff))).toContain('authz.scope.deny');
    expect(
      (await ask(audit, await signIn('portalLogin', 'auditor@example.com'))).body.errors,
    ).toBeUndefined();
    const admin = await signIn('portalLogin', 'admin@example.com');
    const invite =
      'mutation { inviteStaff(input: { email: "new@example.com", fullName: "New", role: auditor }) { role } }';
    expect((await ask(invite, admin)).body.data).toEqual({ inviteStaff: { role: 'auditor' } });
    const findInvitation = async () => {
      const response = await fetch(`${url}/mailbox`, { headers: { accept: 'application/json' } });
      const mails = (await response.json()) as { to: string; text: string }[];
      return mails.find(({ to }) => to === 'new@example.com')?.text ?? '';
    };
    await expect.poll(findInvitation, { timeout: 60_000, interval: 200 }).toMatch(/the role\s+Auditor/);
    const [, token = ''] = /#token=([\w-]+)/.exec(await findInvitation()) ?? [];
    const { body } = await postGraphql(`${url}/graphql`, {
      query: 'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { accessToken } }',
      variables: { input: { token, password: 'a word that nobody else has taken' } },
    });
    const { accessToken } = (body.data as { acceptInvitation: { accessToken: string } }).acceptInvitation;
    const { data } = (await ask(`{ portalMe { role } ${audit.slice(1)}`, accessToken)).body;
    expect(data).toMatchObject({ portalMe: { role: 'auditor' }, auditLog: { edges: [{}] } });
  } finally {
    await stop();
  }
}, 300_000);
