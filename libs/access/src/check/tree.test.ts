import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSubgraphSdl } from '@signet/schema/sdl';
import { subgraphs } from '@signet/schema/subgraphs';
import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { findAccessFaults } from './find-access-faults.ts';

/** Found by its path: libraries import no subgraph. One without @policy rules has no such file. */
async function readPolicies(name: string): Promise<string[]> {
  const path = join(import.meta.dirname, '../../../../subgraphs', name, 'src/policies.ts');
  const module = await import(pathToFileURL(path).href).catch(() => ({ policies: {} }));
  return Object.keys(module.policies);
}

test('the subgraphs of this repository have a rule on everything', async () => {
  const checked = await Promise.all(
    subgraphs.map(async ({ name }) => ({
      name,
      sdl: parse(readSubgraphSdl(name)),
      policies: await readPolicies(name),
    })),
  );
  expect(checked.map(({ policies }) => policies.length).reduce((sum, count) => sum + count)).toBeGreaterThan(
    3,
  );
  expect(findAccessFaults(checked)).toEqual([]);
  const [first] = checked;
  const naked = { name: 'new', sdl: parse('extend type Query { naked: Int }'), policies: [] };
  expect(findAccessFaults([...(first ? [first] : []), naked])).toMatchObject([{ coordinate: 'Query.naked' }]);
});
