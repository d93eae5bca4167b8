import { relative } from 'node:path';
import { supergraphPath, type Variant, variants } from '@signet/schema/supergraph-files';
import { Argument, type Command } from 'commander';
import { action, addExample, type Context, messageOf, UsageError } from './command.ts';
import { addTypesOptions, description, type TypesOptions, writeTypes } from './types/types-command.ts';

/** `signet types <entrance>`: of this repository. With --supergraph: of any graph. */
export function define(command: Command, context: Context): void {
  addExample(
    addTypesOptions(
      command
        .description(description)
        .addArgument(new Argument('[entrance]', 'of this platform').choices(variants)),
    ),
    'npx signet types user --out contracts/user --name @acme/contract-user',
  ).action(
    action(context, messageOf, (entrance: Variant | undefined, options: TypesOptions) => {
      if ((entrance === undefined) === (options.supergraph === undefined)) {
        throw new UsageError(`Name an entrance (${variants.join(', ')}) or --supergraph <file>.`);
      }
      const own = entrance && relative('.', supergraphPath(entrance));
      return writeTypes(own ? { ...options, supergraph: own } : options, context);
    }),
  );
}
