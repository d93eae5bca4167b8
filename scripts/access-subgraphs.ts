import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CheckedSubgraph } from '@signet/access';
import { readSubgraphSdl } from '@signet/schema/sdl';
import { subgraphs } from '@signet/schema/subgraphs';
import { parse } from 'graphql';

/**
 * Every subgraph of a tree as the access check sees it: its SDL, and the names of its policies.
 *
 * @throws {Error} for SDL that does not parse, and a policies.ts that exports no `policies`.
 */
export function readCheckedSubgraphs(tree: string): Promise<CheckedSubgraph[]> {
  return Promise.all(
    subgraphs.map(async ({ name }) => ({
      name,
      sdl: parse(readSubgraphSdl(name, tree)),
      policies: await readPolicyNames(join(tree, 'subgraphs', name, 'src', 'policies.ts')),
    })),
  );
}

async function readPolicyNames(path: string): Promise<string[]> {
  if (!existsSync(path)) {
    return [];
  }
  const { policies } = (await import(pathToFileURL(path).href)) as { policies?: object };
  if (!policies) {
    throw new Error(`${path} exports no 'policies'`);
  }
  return Object.keys(policies);
}
