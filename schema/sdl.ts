import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SubgraphName } from './subgraphs.ts';

const root = join(import.meta.dirname, '..');

/**
 * SDL of a subgraph: the shared headers (federation and access rules), then every `.graphql` file of its folder, in the order of their paths.
 * From this repository, or from a copy of it in `tree`.
 *
 * @throws {Error} when the subgraph has no SDL.
 */
export function readSubgraphSdl(name: SubgraphName, tree = root): string {
  const folder = join(tree, 'subgraphs', name, 'src');
  const files = globSync('**/*.graphql', { cwd: folder }).sort();
  if (files.length === 0) {
    throw new Error(`subgraphs/${name}/src holds no .graphql file`);
  }
  const headers = ['federation.graphql', 'access.graphql'].map((file) => join(tree, 'schema', file));
  return [...headers, ...files.map((file) => join(folder, file))]
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}
