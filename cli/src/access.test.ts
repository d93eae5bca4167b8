import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Scope, scopesOfRole, staffRoles } from '@signet/schema/contract';
import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { run } from './run-command.test-support.ts';

const root = join(import.meta.dirname, '../..');
let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'signet-access-'));
  for (const folder of ['schema', 'subgraphs']) {
    cpSync(join(root, folder), join(tree, folder), {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
});
afterEach(() => {
  for (const path of plants.splice(0)) rmSync(path);
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

function runAccess(...args: string[]) {
  const command = ['cli/bin/signet.mjs', 'access', '--tree', tree, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const plants: string[] = [];
function plant(subgraph: SubgraphName, sdl: string): void {
  const path = join(tree, 'subgraphs', subgraph, 'src', `planted-${plants.length}.graphql`);
  writeFileSync(path, sdl);
  plants.push(path);
}

test('prints the counts and exits 0 where every field has a rule', () => {
  const { status, stdout, stderr } = runAccess('--check');
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /^Every field has an access rule: \d+ types, \d+ fields, \d+ of them public, \d+ pol/,
  );
  expect(stdout).toMatch(
    /\n {2}super_admin +\d+ allowed, +\d+ by policy, +\d+ refused\n[\s\S]*\n {2}impersonated +\d+ allowed, +\d+ by policy, +\d+ refused\n(No access rule names these scopes .*\n)?$/,
  );
  expect(status).toBe(0);
});

const faults: [string, SubgraphName, string, RegExp][] = [
  ...subgraphs.map(({ name }): [string, SubgraphName, string, RegExp] => [
    `a field without a rule in ${name}`,
    name,
    `extend type Query { naked_${name}: String }`,
    new RegExp(`^Query\\.naked_${name} \\(${name}\\): has no access rule, on itself or on its type$`, 'm'),
  ]),
  [
    'a scope that nobody has',
    'portal',
    'extend type Query { planted: Int @requiresScopes(scopes: [["customers:raed"]]) }',
    /^Query\.planted \(portal\): names the scope 'customers:raed', which no customer and no staff role has/m,
  ],
  [
    'an entity without a rule',
    'portal',
    'type Brand @key(fields: "id") { id: ID! }',
    /^Brand\.id \(portal\): has no access rule/m,
  ],
  [
    'a rule on an interface',
    'portal',
    'interface Named @authenticated { name: String! }',
    /^Named \(portal\): is on an interface/m,
  ],
  [
    'a field that requires one with a stricter rule',
    'portal',
    `extend type User { cost: Int @external @platform(is: PORTAL)
       margin: Int @public @requires(fields: "cost") }`,
    /^User\.margin \(portal\): has a weaker rule than User\.cost, which it reads by @requires/m,
  ],
  [
    'a field that provides one with a stricter rule',
    'portal',
    `extend type Query { worst: Thing @public @provides(fields: "cost") }
     type Thing @public { cost: Int @external @platform(is: PORTAL) }`,
    /^Query\.worst \(portal\): has a weaker rule than Thing\.cost, which it reads by @provides/m,
  ],
  [
    'a field that takes one with a stricter rule from its context',
    'portal',
    `type Shelf @context(name: "shelf") @public { cost: Int @platform(is: PORTAL) box: Box }
     type Box @public { size(cost: Int @fromContext(field: "$shelf { cost }")): Int }`,
    /^Box\.size \(portal\): has a weaker rule than Shelf\.cost, which it reads by @fromContext/m,
  ],
  [
    'a policy without a function',
    'portal',
    'extend type Query { owned: String @policy(policies: [["nobody.wrote"]]) }',
    /^Query\.owned \(portal\): names the policy 'nobody\.wrote', for which policies\.ts has no function/m,
  ],
  [
    'a field with two platforms',
    'portal',
    'type Both @platform(is: PORTAL) { it: String @platform(is: USER) }',
    /^Both\.it \(portal\): has two platforms/m,
  ],
  [
    'a field to which two subgraphs give different platforms',
    'auth',
    'extend type Query { portalHealth: String @platform(is: USER) }',
    /^Query\.portalHealth \(\w+\): has two platforms \(.*PORTAL in portal/m,
  ],
  [
    'a rule imported under another name',
    'auth',
    `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [{ name: "@policy", as: "@p" }])`,
    /^schema \(auth\): imports @policy as @p/m,
  ],
];

describe('a tree with every kind of fault', () => {
  let answer: ReturnType<typeof runAccess>;
  beforeAll(() => {
    for (const [, subgraph, sdl] of faults) {
      plant(subgraph, sdl);
    }
    answer = runAccess();
  });

  test.each(faults)('names %s', (_title, _subgraph, _sdl, line) => {
    expect(answer.stderr).toMatch(line);
  });

  test('is refused, and nothing else is named', () => {
    expect(answer).toMatchObject({ status: 1, stdout: '' });
    const unexpected = answer.stderr
      .trim()
      .split('\n')
      .filter((text) => !faults.some(([, , , line]) => line.test(text)));
    // What the cases above bring with them.
    expect(unexpected).toEqual([
      'schema (portal): uses @context without importing it',
      'schema (portal): uses @fromContext without importing it',
      'Brand (portal): is an entity and has no access rule on the type: references to it would be loaded for everybody',
    ]);
  });
});

test('writes a matrix that is out of date; --check only says so', () => {
  const path = join(tree, 'schema/generated/access-matrix.md');
  const current = readFileSync(path, 'utf8');
  appendFileSync(path, 'changed');
  expect(runAccess('--check')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/Run npm run access/),
  });
  expect(readFileSync(path, 'utf8')).toBe(`${current}changed`);
  expect(runAccess().status).toBe(0);
  expect(readFileSync(path, 'utf8')).toBe(current);
}, 60_000); // It runs the command three times.

describe('--against', () => {
  const old = () => {
    const path = join(tree, 'old.graphql');
    const now = readFileSync(join(tree, 'schema/generated/supergraph.graphql'), 'utf8');
    const before = now.replace(
      /(\bauditLog\b[\s\S]*?)@requiresScopes\(scopes: \[\["audit:read"\]\]\)/,
      '$1@requiresScopes(scopes: [["staff:write"]])',
    );
    writeFileSync(
      path,
      before.replace(
        /(\bdashboard: [^\n]*)@requiresScopes\(scopes: \[\["dashboard:read"\]\]\)/,
        '$1@requiresScopes(scopes: [["staff:write"]])',
      ),
    );
    return path;
  };
  /** Who has the scope and not the one that the rule asked for before. An installation may have added a role. */
  const gainedBy = (scope: Scope) =>
    staffRoles.filter((role) => {
      const held = scopesOfRole[role];
      return held.includes(scope) && !held.includes('staff:write');
    });

  test('names who gained access by the callers of the matrix, passes once it is acknowledged, and writes nothing', async () => {
    const path = join(tree, 'schema/generated/access-matrix.md');
    const current = readFileSync(path, 'utf8');
    const compare = (...words: string[]) => run(['access', '--tree', tree, '--against', old(), ...words]);
    const refused = await compare();
    const gained = { dashboard: gainedBy('dashboard:read'), auditLog: gainedBy('audit:read') };
    expect(gained.dashboard).toEqual(expect.arrayContaining(['support', 'operations']));
    expect(refused.out).toMatch(/\nGained access:\n/);
    expect(refused.out).toContain(
      `\n  Query.dashboard: ${gained.dashboard.join(', ')} (rule changed), NOT ACKNOWLEDGED\n`,
    );
    // Nobody gains by one scope instead of another that the same role has.
    expect(refused.out.includes('auditLog')).toBe(gained.auditLog.length > 0);
    expect(refused.code).toBe(1);
    const acknowledged = join(tree, 'access-changes.yaml');
    const lines = Object.entries(gained).map(([field, roles]) =>
      roles.length > 0 ? `- { coordinate: Query.${field}, caller: [${roles}], reason: r }\n` : '',
    );
    writeFileSync(acknowledged, lines.join(''));
    expect(await compare('--acknowledged', acknowledged)).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(path, 'utf8')).toBe(current);
  });

  test('takes the committed file of acknowledgements, and the callers of the matrix for the supergraph of this repository', async () => {
    const own = join(root, 'schema/generated/supergraph.graphql');
    const words = [
      'access',
      '--supergraph',
      own,
      '--against',
      old(),
      '--acknowledged',
      join(root, 'access-changes.yaml'),
    ];
    expect(await run(words)).toMatchObject({
      code: 1,
      out: expect.stringContaining(`Query.dashboard: ${gainedBy('dashboard:read').join(', ')} (`),
    });
  });
});

test('refuses SDL that was not composed, and leaves the matrix as it was', () => {
  const path = join(tree, 'schema/generated/access-matrix.md');
  const current = readFileSync(path, 'utf8');
  plant('portal', 'extend type Query { notComposed: String @authenticated }');
  expect(runAccess()).toEqual({
    status: 1,
    stdout: '',
    stderr: 'Out of date: schema/generated/supergraph.graphql. Run npm run compose, then this again.\n',
  });
  expect(readFileSync(path, 'utf8')).toBe(current);
});

test('says where SDL does not parse', () => {
  plant('portal', 'type {');
  expect(runAccess()).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Syntax Error/) });
});
