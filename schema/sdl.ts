import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { staffRoles, staffRoleTexts } from './contract/staff-roles.ts';
import type { SubgraphName } from './subgraphs.ts';

const root = join(import.meta.dirname, '..');
/** Types that subgraphs share: `schema/shared/<type>.graphql` joins the SDL of every subgraph that names the type; so does StaffRole. */
const sharedFolder = join('schema', 'shared');

/**
 * SDL of a subgraph: the shared headers (federation and access rules), the shared types that it names, then every
 * `.graphql` file of its folder, a type before what extends it, else in the order of their paths. From this repository, or from a copy of it in `tree`.
 *
 * @throws {Error} when the subgraph has no SDL.
 */
export function readSubgraphSdl(name: SubgraphName, tree = root): string {
  const folder = join(tree, 'subgraphs', name, 'src');
  const files = findSdl(folder);
  if (files.length === 0) {
    throw new Error(`subgraphs/${name}/src holds no .graphql file: write its SDL there.`);
  }
  const own = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  const headers = ['federation.graphql', 'access.graphql'].map((file) =>
    readFileSync(join(tree, 'schema', file), 'utf8'),
  );
  return [...headers, ...readSharedTypes(own.join('\n'), tree), ...typesFirst(own)].join('\n');
}

/** Every process does this as it starts, so not by `globSync`, which takes 50 ms to load. */
function findSdl(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.graphql')).sort();
}

/** GraphQL allows any order; Grafbase's composer ends with a panic where a type with a composed directive follows its extension. */
function typesFirst(files: readonly string[]): string[] {
  const namesIn = (text: string, declaration: RegExp) =>
    [...text.matchAll(declaration)].map(([, name]) => name);
  const extended = new Set(namesIn(files.join('\n'), /^extend type (\w+)/gm));
  const isExtended = (text: string) => namesIn(text, /^type (\w+)/gm).some((name) => extended.has(name));
  return [...files.filter(isExtended), ...files.filter((text) => !isExtended(text))];
}

function readSharedTypes(sdl: string, tree: string): string[] {
  const isNamed = (type: string) => new RegExp(`\\b${type}\\b`).test(sdl);
  const files = findSdl(join(tree, sharedFolder))
    .filter((file) => isNamed(file.replace('.graphql', '')))
    .map((file) => readFileSync(join(tree, sharedFolder, file), 'utf8'));
  return isNamed('StaffRole') ? [...files, writeStaffRoles()] : files;
}

/** The enum of the roles, from the table in schema/contract. */
function writeStaffRoles(): string {
  const values = staffRoles.map((role) => `  ${JSON.stringify(staffRoleTexts[role].description)}\n  ${role}`);
  return `"The roles of staff, the lowest rank first: staff who manage staff give roles up to their own."
enum StaffRole @tag(name: "portal") {
${values.join('\n')}
}
`;
}
