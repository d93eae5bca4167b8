import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { subgraphs } from '@signet/schema/subgraphs';

const root = join(import.meta.dirname, '../..');

/**
 * What the subgraphs of the registry add to a command: the export `name` of `subgraphs/<subgraph>/<file>`, in the registry's
 * order. A subgraph without this file adds nothing.
 *
 * @throws {Error} for a file that does not export it.
 */
export async function loadFromSubgraphs<T>(file: string, name: string): Promise<T[]> {
  const paths = subgraphs
    .map((subgraph) => join(root, 'subgraphs', subgraph.name, file))
    .filter((path) => existsSync(path));
  return Promise.all(
    paths.map(async (path) => {
      const module = (await import(pathToFileURL(path).href)) as Record<string, T | undefined>;
      const found = module[name];
      if (found === undefined) throw new Error(`${path} exports no '${name}'`);
      return found;
    }),
  );
}
