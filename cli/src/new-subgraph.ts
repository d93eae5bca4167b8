import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type RegisteredSubgraph, subgraphNamePattern } from '@signet/schema/subgraphs';
import type { Command } from 'commander';
import { Kind, parse } from 'graphql';
import { addService } from '../../deploy/compose-services.ts';
import { action, addExample, type Context, messageOf } from './command.ts';
import { addLine, readRegistered, readRegistryText, writeRegistryText } from './registry-file.ts';
import { type SubgraphWords, wordsOf, writeSubgraphFiles } from './subgraph-template.ts';

/** `signet new subgraph <name>` */
export function define(command: Command, context: Context): void {
  addExample(command.description('Writes something new that runs.'), 'npx signet new subgraph reviews');
  const subgraph = command
    .command('subgraph')
    .summary('a subgraph')
    .description(
      'Writes subgraphs/<name> with SDL, rules, resolvers, a migration and tests, its line in schema/subgraphs.json and its service in docker-compose.yml.',
    )
    .argument('<name>', 'lowercase letters and digits, such as reviews');
  addExample(subgraph, 'npx signet new subgraph reviews').action(
    action(context, messageOf, (name: string) => {
      context.print(newSubgraph(join(import.meta.dirname, '../..'), name).join('\n'));
      context.print('\nNext: npm run compose && npm run access && npm test');
    }),
  );
}

/** A name that can't be used, or a repository that can't take the subgraph. Nothing was written. */
export class NewSubgraphError extends Error {
  override readonly name = 'NewSubgraphError';
}

/** Names of services, roles, schemas and folders that the platform has itself. */
const platformNames =
  'access admin data edge gateway graph keys kysely main migrate migration node owner peers postgres public rules shared signet test testing token user verifier';
/** Reserved key words of PostgreSQL 18 (appendix C of its manual): a schema can't be called so without quotes. */
const sqlNames =
  'all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently constraint create cross default deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right select session similar some symmetric system table tablesample then to trailing true union unique using variadic verbose when where window with';
const reserved = new Set([...platformNames.split(' '), ...sqlNames.split(' ')]);

/**
 * Writes a subgraph that runs: its folder, its line in `schema/subgraphs.json` and its service in `docker-compose.yml`. All of it
 * appears, or nothing.
 *
 * @returns the paths that were written or changed, from the root of the repository.
 * @throws {NewSubgraphError} for a name that is no identifier, taken or reserved; says which.
 */
export function newSubgraph(tree: string, name: string): string[] {
  const registry = readRegistryText(tree);
  assertUsable(tree, name, registry);
  const words = wordsOf(name);
  assertNoCollision(tree, words);
  const files = writeSubgraphFiles(words);
  const extended = addLine(registry, name);
  const composePath = join(tree, 'docker-compose.yml');
  const compose = readFileSync(composePath, 'utf8');
  const changedCompose = addService(compose, readRegistered(extended).at(-1) as RegisteredSubgraph);
  const folder = join(tree, 'subgraphs', name);
  const draft = join(tree, 'subgraphs', `.${name}.new`);
  try {
    rmSync(draft, { recursive: true, force: true }); // A command that was killed leaves one.
    for (const [path, text] of Object.entries(files)) {
      const target = join(draft, path.slice(`subgraphs/${name}/`.length));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    renameSync(draft, folder);
    formatFiles(tree, folder);
    writeFileSync(composePath, changedCompose);
    writeRegistryText(tree, extended);
  } catch (error) {
    for (const path of [draft, folder]) rmSync(path, { recursive: true, force: true });
    writeFileSync(composePath, compose);
    writeRegistryText(tree, registry);
    throw error;
  }
  return [...Object.keys(files), 'schema/subgraphs.json', 'docker-compose.yml'];
}

function assertUsable(tree: string, name: string, registry: string): void {
  const refuse = (fault: string) => {
    throw new NewSubgraphError(`'${name}' ${fault}`);
  };
  if (!subgraphNamePattern.test(name)) {
    refuse('is not a name for a subgraph: 2 to 31 lowercase letters and digits, the first one a letter.');
  }
  if (readRegistered(registry).some((subgraph) => subgraph.name === name)) {
    refuse('is taken: schema/subgraphs.json lists it already.');
  }
  if (reserved.has(name) || name.startsWith('pg')) {
    refuse('is reserved by the platform or by PostgreSQL. Choose another name.');
  }
  if (existsSync(join(tree, 'subgraphs', name))) {
    refuse(`can't be made: the folder subgraphs/${name} is there already.`);
  }
}

/** What the template would define must not be another subgraph's: composition would merge the two. */
function assertNoCollision(tree: string, { name, one, type, names }: SubgraphWords): void {
  const supergraph = parse(readFileSync(join(tree, 'schema', 'generated', 'supergraph.graphql'), 'utf8'));
  const taken = new Set(
    supergraph.definitions.flatMap((definition) => {
      if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) return [];
      const fields = (definition.fields ?? []).map((field) => `${definition.name.value}.${field.name.value}`);
      return [definition.name.value, ...fields];
    }),
  );
  const wanted = [type, `Query.my${names}`, `Query.${one}`, `Mutation.create${type}`];
  const collision = wanted.find((coordinate) => taken.has(coordinate));
  if (collision) {
    throw new NewSubgraphError(
      `'${name}' would define ${collision}, which the graph has already. Choose another name and rename the fields afterwards.`,
    );
  }
}

/** Long names break lines elsewhere than short ones do. Without the formatter the files stay as they are. */
function formatFiles(tree: string, folder: string): void {
  const biome = join(tree, 'node_modules', '.bin', 'biome');
  if (existsSync(biome)) spawnSync(biome, ['check', '--write', folder], { cwd: tree, stdio: 'ignore' });
}
