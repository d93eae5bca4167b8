import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import { ConfigError } from '@signet/service';
import type { SubgraphDefinition } from './define-subgraph.ts';

const root = join(import.meta.dirname, '../../../..');

/**
 * Reads `subgraphs/<name>/subgraph.ts` of this repository, or of a copy of it in `tree`. Nothing starts.
 *
 * @throws {ConfigError} with one line that says what is missing or wrong in the file.
 */
// biome-ignore lint/suspicious/noExplicitAny: auth reads other settings than the rest; who starts it gives it what its schema read.
export async function loadSubgraph(name: SubgraphName, tree = root): Promise<SubgraphDefinition<any>> {
  const file = `subgraphs/${name}/subgraph.ts`;
  if (!subgraphs.some((subgraph) => subgraph.name === name)) {
    const names = subgraphs.map((subgraph) => subgraph.name).join(', ');
    throw new ConfigError([
      String(name) === ''
        ? `SUBGRAPH: is not set: the subgraph to run, one of ${names}`
        : `'${name}' is not in schema/subgraphs.json, which lists ${names}`,
    ]);
  }
  const path = join(tree, file);
  if (!existsSync(path)) {
    throw new ConfigError([`${file}: is missing, but schema/subgraphs.json lists '${name}'`]);
  }
  const { default: definition } = (await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new ConfigError([`${file}: ${error instanceof Error ? error.message : String(error)}`]);
  })) as { default?: unknown };
  if (!isDefinition(definition)) {
    throw new ConfigError([`${file}: must have a default export made by defineSubgraph({ … })`]);
  }
  if (definition.name !== name) {
    throw new ConfigError([`${file}: its name is '${definition.name}', but its folder is '${name}'`]);
  }
  return definition;
}

function isDefinition(value: unknown): value is SubgraphDefinition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'start' in value &&
    typeof value.start === 'function' &&
    'policyNames' in value &&
    'configSchema' in value
  );
}
