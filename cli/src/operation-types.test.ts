import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generateOperationTypes } from './operation-types.ts';

const root = join(import.meta.dirname, '../..');
const sdl = readFileSync(supergraphPath('portal'), 'utf8');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-operations-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const generate = (text?: string) => {
  if (text !== undefined) writeFileSync(join(folder, 'all.graphql'), text);
  return generateOperationTypes({ folder: relative(root, folder), variant: 'portal' }, sdl);
};

test('leaves texts within a document as they are', async () => {
  const written = await generate('query Found {\n  customers(first: 1, search: "a  b") { totalCount }\n}\n');
  expect(written).toContain(String.raw`search: \"a  b\"`);
});

test('takes the scopes of root fields in fragments as well', async () => {
  const plain = await generate('query Log { auditLog(first: 1) { edges { node { id } } } }');
  const spread = await generate(
    'query Log { ...Part ... on Query { __typename } } fragment Part on Query { auditLog(first: 1) { edges { node { id } } } }',
  );
  const scopesIn = (text: string) => /\[logDocument, (.*)\],/.exec(text)?.[1];
  expect(scopesIn(plain)).toContain('audit');
  expect(scopesIn(spread)).toBe(scopesIn(plain));
});

test('a folder without operations has none', async () => {
  expect(await generate()).toContain('new Map<string, string[][][]>([\n]);');
});

test('says which operation the contract does not allow', async () => {
  await expect(generate('query Wrong { nothing }')).rejects.toThrow('Cannot query field "nothing"');
});
