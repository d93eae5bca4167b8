import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Command, Option } from 'commander';
import { parse } from 'graphql';
import { readApiSchema } from '../access/breaking-changes.ts';
import { readSource } from '../access/read-source.ts';
import { action, addExample, type Context, messageOf, neededOption, UsageError } from '../command.ts';
import { createContractPackage, typesOfScalars } from './contract-package.ts';
import { nextVersion, readPreviousPackage } from './contract-version.ts';

export type TypesOptions = {
  supergraph?: string;
  out: string;
  name?: string;
  previous?: string;
  scalar?: string[];
  check?: boolean;
};

/** `signet types --supergraph`, for the contract of any graph. */
export function define(command: Command, context: Context): void {
  addExample(
    addTypesOptions(command.description(description)),
    'npx signet types --supergraph user.graphql --out contracts/user --name @acme/contract-user',
  ).action(action(context, messageOf, (options: TypesOptions) => writeTypes(options, context)));
}

export const description =
  'Writes the types of an entrance as a package for its frontends: schema, TypeScript types, documents that carry their types. The version follows from what changed since the last one.';

export function addTypesOptions(command: Command): Command {
  return command
    .option('--supergraph <file>', 'the composed schema of the entrance, or git:<ref>:<path>')
    .addOption(
      neededOption('--out <folder>', 'where the package goes; the one that lies there is the last one'),
    )
    .option('--name <name>', 'of the package (default: that of the last one, or @signet/contract-<entrance>)')
    .option(
      '--previous <folder>',
      'the last package, where it lies elsewhere: node_modules/@acme/contract-user',
    )
    .addOption(
      new Option('--scalar <name=type>', 'the TypeScript type of a scalar, as JSON carries it').argParser(
        (text: string, before: string[] = []) => [...before, text],
      ),
    )
    .option('--check', 'compare only; exit 1 where the package is out of date');
}

/** @returns 1 for a package that is out of date, with --check */
export async function writeTypes(options: TypesOptions, { print, printError }: Context): Promise<number> {
  const { supergraph, out, check } = options;
  if (supergraph === undefined) throw new UsageError('Missing --supergraph <file>.');
  const schema = readApiSchema(parse(await readSource(supergraph, supergraph)));
  const scalars = typesOfScalars(schema, readScalars(options.scalar));
  const previous = readPreviousPackage(options.previous ?? out);
  const { version, breaking, others } = await nextVersion(previous, schema, scalars);
  const name = options.name ?? previous?.name ?? `@signet/contract-${basename(supergraph, '.graphql')}`;
  const files = await createContractPackage({ name, version, schema, scalars });
  const changed = Object.entries(files).filter(([file, text]) => readText(join(out, file)) !== text);
  const unknown = Object.keys(scalars).filter((scalar) => scalars[scalar] === 'unknown');
  if (check && changed.length > 0) {
    printError(`Out of date: ${changed.map(([file]) => join(out, file)).join(', ')}.`);
  } else if (!check) {
    mkdirSync(out, { recursive: true });
    for (const [file, text] of changed) writeFileSync(join(out, file), text);
    const since = previous && previous.version !== version ? `, after ${previous.version}` : '';
    print(changed.length > 0 ? `Wrote ${name} ${version}${since} to ${out}.` : `${out} is up to date.`);
  }
  for (const change of breaking) print(`  breaks clients: ${change}`);
  for (const change of others) print(`  ${change}`);
  if (unknown.length > 0) {
    printError(`Without a type: ${unknown.join(', ')}. Name it by --scalar ${unknown[0]}=string.`);
  }
  return check && changed.length > 0 ? 1 : 0;
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function readScalars(pairs: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, type] = /^(\w+)=(.+)$/.exec(pair) ?? [];
      if (!name || !type) throw new UsageError(`'${pair}' is no name=type, as DateTime=string.`);
      return [name, type];
    }),
  );
}
