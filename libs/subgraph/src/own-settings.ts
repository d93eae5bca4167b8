import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { productSubgraphs, type SubgraphName } from '@signet/schema/subgraphs';
import type { z } from 'zod';

const root = join(import.meta.dirname, '../../..');

type Fields = Readonly<Record<string, z.ZodType>>;

/**
 * The settings of single subgraphs, `settings` of `subgraphs/<name>/settings.ts`, where there is one. Read without the subgraph's
 * definition, which would load its whole server.
 */
export const ownSettings: ReadonlyMap<SubgraphName, Fields> = new Map(
  (await Promise.all(productSubgraphs.map(({ name }) => readOwnSettings(name)))).flat(),
);

async function readOwnSettings(name: SubgraphName): Promise<[SubgraphName, Fields][]> {
  const path = join(root, 'subgraphs', name, 'settings.ts');
  if (!existsSync(path)) return [];
  const { settings } = (await import(pathToFileURL(path).href)) as { settings: Fields };
  return [[name, settings]];
}
