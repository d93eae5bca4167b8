import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../run-command.test-support.ts';
import { nextVersion } from './contract-version.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-types-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const read = (file: string) => readFileSync(join(folder, 'out', file), 'utf8');
const writeSchema = (sdl: string) => writeFileSync(join(folder, 'shop.graphql'), sdl);
const types = (...more: string[]) =>
  run(['types', '--supergraph', join(folder, 'shop.graphql'), '--out', join(folder, 'out'), ...more]);

describe("this platform's entrances", () => {
  test.each([
    ['user', 'login', 'portalLogin'],
    ['portal', 'portalLogin', 'login'],
  ])('%s: has its own operations, and none of the other one', async (entrance, own, other) => {
    const { code, out, err } = await run(['types', entrance, '--out', join(folder, 'out')]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Wrote @signet/contract-${entrance} 1.0.0`);
    const fields = buildSchema(read('schema.graphql')).getMutationType()?.getFields();
    expect(fields).toHaveProperty(own);
    expect(fields).not.toHaveProperty(other);
    for (const file of ['schema.graphql', 'index.d.ts', 'introspection.d.ts']) {
      expect(read(file)).not.toMatch(/access__Platform|join__|link__/);
    }
    expect(JSON.parse(read('package.json')).signet.scalars).toEqual({
      DateTime: 'string',
      JSONObject: 'Record<string, unknown>',
    });
    expect(read('index.d.ts')).toContain('DateTime: { input: string; output: string; }');
    expect(await run(['types', entrance, '--out', join(folder, 'out')])).toMatchObject({
      code: 0,
      out: expect.stringContaining('is up to date'),
    });
  });

  test('needs an entrance or a file, and not both', async () => {
    const out = ['--out', join(folder, 'out')];
    expect(await run(['types', ...out])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Name an entrance'),
    });
    expect(await run(['types', 'user', '--supergraph', 'x.graphql', ...out])).toMatchObject({ code: 2 });
    expect(await run(['types', 'kitchen', ...out])).toMatchObject({
      code: 2,
      err: expect.stringContaining('portal'),
    });
    expect(await run(['types', 'user'])).toMatchObject({ code: 2, err: expect.stringContaining('--out') });
  });
});

test('the compiler says that gql.tada is missing, in place of types that allow everything', async () => {
  writeSchema('type Query { one: Int }');
  await types();
  writeFileSync(
    join(folder, 'page.ts'),
    "import { graphql } from './out/tada.js';\nexport const page = graphql('{ two }');\n",
  );
  // As most frontends have it: no fault inside of a declaration file is shown.
  const options =
    '--noEmit --ignoreConfig --strict --skipLibCheck --module esnext --moduleResolution bundler'.split(' ');
  const tsc = spawnSync('tsc', [...options, '--types', '', join(folder, 'page.ts')], { encoding: 'utf8' });
  expect(tsc.stdout).toMatch(/page\.ts.*not callable[\s\S]*'GqlTadaIsMissing'/);
});

test('a scalar that nobody explains is unknown, and the command says how to name it', async () => {
  writeSchema(
    'scalar Money scalar Id @specifiedBy(url: "https://tools.ietf.org/html/rfc4122") type Query { a: Money b: Id }',
  );
  expect(await types()).toMatchObject({
    code: 0,
    err: expect.stringContaining('Without a type: Money. Name it by --scalar Money=string.'),
  });
  expect(read('index.d.ts')).toContain('Money: { input: unknown; output: unknown; }');
  expect(read('tada.d.ts')).toContain('Money: unknown; Id: string');
  const named = await types('--scalar', 'Money=string');
  expect(named).toMatchObject({ code: 0, err: '', out: expect.stringContaining('2.0.0, after 1.0.0') });
  expect(named.out).toContain("breaks clients: Scalar 'Money' changed from unknown to string");
  expect(await types('--scalar', 'Money')).toMatchObject({
    code: 2,
    err: expect.stringContaining('name=type'),
  });
});

test('--check writes nothing, and ends with 1 where the package is out of date', async () => {
  writeSchema('type Query { a: Int }');
  expect(await types('--check')).toMatchObject({ code: 1, err: expect.stringContaining('Out of date') });
  await types('--name', '@acme/contract');
  expect(await types('--check')).toMatchObject({ code: 0, err: '' });
  writeSchema('type Query { b: Int }');
  expect(await types('--check')).toMatchObject({
    code: 1,
    out: expect.stringContaining("Field 'a' was removed"),
  });
  expect(JSON.parse(read('package.json'))).toMatchObject({ name: '@acme/contract', version: '1.0.0' });
});

test('a folder with another package is not written over', async () => {
  writeSchema('type Query { a: Int }');
  await types();
  writeFileSync(join(folder, 'out/package.json'), '{ "name": "app", "version": "1.0.0" }');
  expect(await types()).toMatchObject({
    code: 1,
    err: expect.stringContaining('is none that signet types wrote'),
  });
  expect(read('package.json')).toBe('{ "name": "app", "version": "1.0.0" }');
});

test('the last package can lie elsewhere', async () => {
  writeSchema('type Query { a: Int }');
  await types();
  writeSchema('type Query { a: Int b: Int }');
  const { out } = await run([
    ...['types', '--supergraph', join(folder, 'shop.graphql'), '--out', join(folder, 'next')],
    ...['--previous', join(folder, 'out')],
  ]);
  expect(out).toContain('1.1.0, after 1.0.0');
});

test.each([
  ['nothing', 'type Query { a(x: Int): E } enum E { A }', '1.2.3'],
  ['a text', '"Texts." type Query { a(x: Int): E } enum E { A }', '1.2.4'],
  ['a field more', 'type Query { a(x: Int): E b: Int } enum E { A }', '1.3.0'],
  ['a value more in an enum', 'type Query { a(x: Int): E } enum E { A B }', '1.3.0'],
  ['an argument that must be given', 'type Query { a(x: Int!): E } enum E { A }', '2.0.0'],
  ['another type', 'type Query { a(x: Int): Int } enum E { A }', '2.0.0'],
])('%s changes the version as its clients feel it', async (_what, sdl, version) => {
  const schema = buildSchema('type Query { a(x: Int): E } enum E { A }');
  const previous = { name: 'x', version: '1.2.3', schema, scalars: {} };
  expect((await nextVersion(previous, buildSchema(sdl), {})).version).toBe(version);
});
