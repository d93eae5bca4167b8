import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadMigrations } from './migration-owners.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-owners-'));
});
afterEach(() => rm(folder, { recursive: true }));

const load = async (file: string) => {
  await writeFile(join(folder, file), 'export async function up() {}');
  const sets = await loadMigrations([{ name: 'things', folder, table: 'subgraph_things' }]);
  return sets.flatMap(({ migrations }) => Object.keys(migrations));
};

it.each(['1-things.ts', '0002_things.ts', '0002-Things.ts', '20261130-things.ts', '0002-things.js'])(
  'refuses %s, which would never run',
  async (file) => {
    await expect(load(file)).rejects.toThrow(`${join(folder, file)} would never run: a migration is named`);
  },
);

it.each(['support.ts', '0001-things.test.ts', 'schema-at-0014.json'])('passes over %s', async (file) => {
  expect(await load(file)).toEqual([]);
});

it('loads what is named as it must be', async () => {
  expect(await load('0001-things.ts')).toEqual(['0001-things']);
});
