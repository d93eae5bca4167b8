import { join } from 'node:path';
import { action, addExample, type CommandModule, messageOf } from './command.ts';
import { NewSubgraphError, newSubgraph } from './new-subgraph.ts';
import { RemoveShopError, removeShop } from './remove-shop.ts';

const root = join(import.meta.dirname, '../..');

/** One line for what the user can change; for a fault of ours, all there is to find it. */
function explain(error: unknown): string {
  const isExpected = error instanceof NewSubgraphError || error instanceof RemoveShopError;
  return isExpected || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
}

/** `signet new`: begins something of one's own. */
export const newCommand: CommandModule = {
  define(command, context) {
    addExample(
      command.description('Writes the first files of something new.'),
      'npx signet new subgraph reviews',
    );
    addExample(
      command
        .command('subgraph')
        .description(
          'a subgraph that runs: SDL with rules, resolver, migration, policy, tests, its line in the registry and its container',
        ),
      'npx signet new subgraph reviews',
    )
      .argument('<name>', 'lowercase letters and digits')
      .action(
        action(context, explain, (name: string) => {
          const paths = newSubgraph(root, name);
          context.print(
            [...paths.map((path) => `wrote ${path}`), 'Next: npm run compose && npm run access'].join('\n'),
          );
        }),
      );
  },
};

/** `signet remove-shop`: leaves the platform without its demo shop. */
export const removeShopCommand: CommandModule = {
  define(command, context) {
    addExample(
      command.description(
        'Deletes the subgraphs of the demo shop and what belongs to them in this repository, then composes what is left. All of ' +
          'it happens, or nothing. No database is touched.',
      ),
      'npx signet remove-shop',
    )
      .option('--force', 'also where there are uncommitted changes, which git could not bring back')
      .action(
        action(context, explain, ({ force = false }: { force?: boolean }) => {
          for (const removed of removeShop(root, { force })) context.print(`removed ${removed}`);
        }),
      );
  },
};
