import { parseArgs } from 'node:util';
import { attacks } from './attack/attacks.ts';
import { runAttacks } from './attack/run-attacks.ts';
import { deriveUrls, openTarget, TargetError } from './attack/target.ts';

const usage = `npm run attack -- <url> [--user <url>] [--portal <url>] [--only <text>]
  <url>       the entrance 'graph' of a running platform, such as http://localhost:4000; the other entrances and the
              subgraphs are where npm start puts them: ports +1, +2 and +11 to +15
  --only      the attacks whose names hold this text`;

const accountsOfSeed = {
  password: 'correct horse battery staple',
  customer: 'ada@example.com',
  other: 'mira.solberg@example.com',
  staff: 'support@example.com',
  guessed: 'jonas.pahl@example.com',
  timed: 'felix.torvin@example.com',
};

/** Tries to break into a running platform that has the development seed's accounts. 1: something succeeded; 2: nothing could be tried. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { user: { type: 'string' }, portal: { type: 'string' }, only: { type: 'string', default: '' } },
  });
  const [graph] = positionals;
  if (positionals.length !== 1 || !graph || !URL.canParse(graph)) throw new TargetError(usage);
  const { only, ...given } = values;
  const target = await openTarget({ ...deriveUrls(graph), ...given }, accountsOfSeed);
  const chosen = attacks.filter(({ name }) => name.includes(only));
  const startedAt = performance.now();
  const outcomes = await runAttacks(chosen, target, ({ attack, won, ms }) =>
    console.log(
      `${won === undefined ? 'held     ' : 'SUCCEEDED'} ${attack.name}: ${attack.tried} (${Math.round(ms)} ms)${won === undefined ? '' : `\n          ${won}`}`,
    ),
  );
  const succeeded = outcomes.filter(({ won }) => won !== undefined).length;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(
    `\n${outcomes.length} attacks in ${seconds} s: ${outcomes.length - succeeded} held, ${succeeded} succeeded.`,
  );
  return succeeded > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isTold =
    error instanceof TargetError || String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS');
  console.error(isTold ? (error as Error).message : error);
  process.exitCode = 2;
}
