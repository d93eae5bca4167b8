import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RegisteredSubgraph, readRegistry, type SubgraphName } from '@signet/schema/subgraphs';

type Line = { name: SubgraphName; demo?: true; personalData?: true };

const registryPath = join('schema', 'subgraphs.json');

/** The registry's text with one more line at its end, of a subgraph that keeps data about customers: ports follow from the order. */
export function addLine(text: string, name: SubgraphName): string {
  return format([...parse(text), { name, personalData: true }]);
}

/** The registry's text without the demo shop. Ports of subgraphs behind it move up. */
export function removeDemoLines(text: string): string {
  return format(parse(text).filter(({ demo }) => !demo));
}

export function readRegistryText(tree: string): string {
  return readFileSync(join(tree, registryPath), 'utf8');
}

export function writeRegistryText(tree: string, text: string): void {
  writeFileSync(join(tree, registryPath), text);
}

/** What the registry of a tree says, with ports: that of another tree than this one. */
export function readRegistered(text: string): RegisteredSubgraph[] {
  return readRegistry(parse(text));
}

function parse(text: string): Line[] {
  return JSON.parse(text) as Line[];
}

/** A line for each subgraph, so that a change shows as one. */
function format(lines: readonly Line[]): string {
  const texts = lines.map(({ name, demo, personalData }) => {
    const flags = [demo && ', "demo": true', personalData && ', "personalData": true'];
    return `  { "name": "${name}"${flags.filter(Boolean).join('')} }`;
  });
  return `[\n${texts.join(',\n')}\n]\n`;
}
