import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { root } from './build/manifest.ts';
import { createStrangersProject, readCodeBlock, type StrangersProject } from './packed.test-support.ts';

/*
 * docs/adopt/check-only.md in another team's project: a supergraph of Apollo's composer, with Apollo's rules alone.
 */

const page = readFileSync(join(root, 'docs/adopt/check-only.md'), 'utf8');
const run = promisify(execFile);

/** The blocks of one language in the page, in their order. */
function blocksOf(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  );
}

function composeApollo(sdl: string): string {
  const header =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [{ name: "@authenticated", as: "@login" }, "@requiresScopes"])';
  const { supergraphSdl, errors } = composeServices([
    { name: 'reports', url: 'http://reports.invalid', typeDefs: parse(`${header}\n${sdl}`) },
  ]);
  if (!supergraphSdl) throw new Error(errors?.join('\n'));
  return supergraphSdl;
}

let project: StrangersProject;
beforeAll(async () => {
  project = await createStrangersProject({
    packages: ['cli'],
    dependencies: ['graphql@16.15.0'],
    files: {
      'supergraph.graphql': composeApollo(
        'type Query { open: Int report: Int @requiresScopes(scopes: [["reports:read"]]) }',
      ),
      '.gitignore': 'node_modules\n',
    },
  });
  await sh(
    'git init -q -b main && git add . && git -c user.name=t -c user.email=t@example.com commit -qm first',
  );
}, 300_000);
afterAll(() => project?.remove());

/** Runs a block as a reader would, in the project. */
async function sh(script: string): Promise<{ code: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await run('sh', ['-e', '-c', script], { cwd: project.folder });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

const [, matrix = '', against = '', acknowledged = ''] = blocksOf('sh');

test('the matrix of any supergraph is counted and written', async () => {
  const { code, out, err } = await sh(matrix);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(
    /supergraph\.graphql: 2 fields, 1 of them public, 1 without a rule \(default: public\)\./,
  );
  expect(readFileSync(join(project.folder, 'access-matrix.md'), 'utf8')).toContain(
    '| `Query.report` | · | · | ✓ |',
  );
});

test('the README runs', async () => {
  const readme = readFileSync(join(root, 'packages/cli/README.md'), 'utf8');
  // What is installed already comes from the tarball.
  const block = readCodeBlock(readme, 'sh').replace(/^npm install .*$/m, '');
  const { code, out, err } = await sh(block);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(block.match(/^npx signet access/gm)).toHaveLength(3);
  expect(out).toContain('0 gains of access');
});

test('each package says whose code it brings', () => {
  for (const name of ['LICENSE', 'NOTICE']) {
    const text = readFileSync(join(project.folder, 'node_modules/@signet/cli', name), 'utf8');
    expect(text).toContain('MIT');
  }
});

test('a gain ends with 1, and with 0 once it is acknowledged', async () => {
  const wider = composeApollo('type Query { open: Int report: Int @login }');
  writeFileSync(join(project.folder, 'supergraph.graphql'), wider);
  const refused = await sh(against);
  expect(refused.code).toBe(1);
  expect(refused.out).toContain(blocksOf('text')[0]?.trim());
  const [decided = ''] = blocksOf('yaml');
  writeFileSync(join(project.folder, 'access-changes.yaml'), decided);
  expect(await sh(acknowledged)).toMatchObject({ code: 0, err: '' });
});

test('a command line that is wrong ends with 2', async () => {
  expect(await sh('npx signet access')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--supergraph'),
  });
});

test('has no way to commands of the repository', async () => {
  const { out } = await sh('npx signet --help');
  expect(out).not.toMatch(/^ {2}(start|db|audit|doctor|attack|lint)\b/m);
});

test('the workflow names inputs that the action has, and the least permissions', () => {
  const workflow = parseYaml(blocksOf('yaml')[1] ?? '');
  const action = parseYaml(readFileSync(join(root, 'deploy/github-action/action.yml'), 'utf8'));
  const { with: inputs } = workflow.jobs.access.steps.at(-1);
  for (const name of Object.keys(inputs)) expect(action.inputs).toHaveProperty(name);
  expect(workflow.permissions).toEqual({ contents: 'read', 'pull-requests': 'write' });
  expect(workflow.on).toBe('pull_request');
});
