import type { Command } from 'commander';
import { addExample, type Context, UsageError } from '../command.ts';
import { loadAttacks } from './attacks.ts';
import { runAttacks } from './run-attacks.ts';
import { deriveUrls, openTarget, TargetError } from './target.ts';

const accountsOfSeed = {
  password: 'correct horse battery staple',
  customer: 'ada@example.com',
  other: 'mira.solberg@example.com',
  staff: 'support@example.com',
  guessed: 'jonas.pahl@example.com',
  guessedPassword: 'correct horse battery staple',
  timed: 'felix.torvin@example.com',
  flooded: 'ines.calado@example.com',
};

type Options = { user?: string; portal?: string; only: string };

/** `signet attack`: tries to break in. Exit 1: an attack succeeded; 2: nothing could be tried. */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      "Tries to break into a running platform that has the development seed's accounts. Exit 1 where an attack succeeded, 2 where " +
        'nothing could be tried.',
    ),
    'npm run attack -- http://localhost:4000   # with SURFACE=production STAFF_MFA=optional npm start beside it',
  )
    .argument(
      '<url>',
      "the entrance 'graph'; the other entrances and the subgraphs are where npm start puts them",
    )
    .option('--user <url>', "the customers' entrance, where it is elsewhere")
    .option('--portal <url>', 'the staff entrance, where it is elsewhere')
    .option('--only <text>', 'the attacks whose names hold this text', '')
    .action(async (graph: string, { only, ...given }: Options) => {
      for (const url of [graph, ...Object.values(given)]) {
        if (!URL.canParse(url)) throw new UsageError(`'${url}' is not a URL.`);
      }
      try {
        const target = await openTarget({ ...deriveUrls(graph), ...given }, accountsOfSeed);
        context.exitCode = await attack(target, only, context);
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        context.printError(error.message);
        context.exitCode = 2;
      }
    });
}

async function attack(
  target: Awaited<ReturnType<typeof openTarget>>,
  only: string,
  { print }: Context,
): Promise<number> {
  const chosen = (await loadAttacks()).filter(({ name }) => name.includes(only));
  const startedAt = performance.now();
  const outcomes = await runAttacks(chosen, target, ({ attack: { name, tried }, won, ms }) =>
    print(
      `${won === undefined ? 'held     ' : 'SUCCEEDED'} ${name}: ${tried} (${Math.round(ms)} ms)${won === undefined ? '' : `\n          ${won}`}`,
    ),
  );
  const succeeded = outcomes.filter(({ won }) => won !== undefined).length;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  print(
    `\n${outcomes.length} attacks in ${seconds} s: ${outcomes.length - succeeded} held, ${succeeded} succeeded.`,
  );
  return succeeded > 0 ? 1 : 0;
}
