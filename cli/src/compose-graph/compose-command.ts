import { renameSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { action, addExample, type Context, messageOf, UsageError } from '../command.ts';
import { CompositionFault, composeSubgraphs } from './compose-subgraphs.ts';
import { readSubgraph, type SubgraphArgument } from './read-subgraph.ts';

export type ComposeGraphOptions = {
  subgraph?: string[];
  url?: string[];
  exclude?: string[];
  output?: string;
};

const collect = (value: string, before: string[] = []) => [...before, value];

/** `signet compose --subgraph …` for the subgraphs of any graph. */
export function define(command: Command, context: Context): void {
  addExample(
    addGraphOptions(
      command.description(
        'Composes subgraphs of Apollo Federation, 1 or 2, into the supergraph of a gateway.',
      ),
    ),
    'npx signet compose --subgraph products=https://products.example/graphql --subgraph reviews=reviews.graphql --output supergraph.graphql',
  ).action(action(context, messageOf, (options: ComposeGraphOptions) => composeGraph(options, context)));
}

export function addGraphOptions(command: Command): Command {
  return command
    .option(
      '--subgraph <name=source>',
      'a subgraph: a file with its SDL, or the URL where it answers',
      collect,
    )
    .option('--url <name=url>', 'where the gateway finds a subgraph whose SDL is a file', collect)
    .option('--exclude <tag>', 'leave out what has this tag: the contract of an entrance', collect)
    .option('--output <file>', 'where to write the supergraph (default: print it)');
}

/** @throws {Error} with all subgraphs that cannot be read, or all faults of the composition */
export async function composeGraph(
  options: ComposeGraphOptions,
  { print, printError }: Context,
): Promise<number> {
  const { subgraph = [], url = [], exclude = [], output } = options;
  if (subgraph.length === 0) throw new UsageError('Missing --subgraph <name=source>.');
  const sources = subgraph.map(readPair);
  const urls = url.map(readPair);
  const twice = sources.find(({ name }, at) => sources.findIndex((one) => one.name === name) !== at);
  if (twice) throw new UsageError(`--subgraph names ${twice.name} twice.`);
  const unknown = urls.find(({ name }) => !sources.some((one) => one.name === name));
  if (unknown) throw new UsageError(`--url names ${unknown.name}, which no --subgraph names.`);
  const outcomes = await Promise.allSettled(sources.map(readSubgraph));
  const faults = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [messageOf(outcome.reason)] : [],
  );
  const subgraphs = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (faults.length > 0) {
    printError(faults.join('\n'));
    return 1;
  }
  const placed = subgraphs.map((one) => ({
    ...one,
    url: urls.find(({ name }) => name === one.name)?.source ?? one.url,
  }));
  try {
    const { supergraph, isConfirmed } = await composeSubgraphs(placed, exclude);
    if (output === undefined) {
      print(supergraph.trimEnd());
      return 0;
    }
    writeWhole(output, supergraph);
    const nowhere = placed.filter((one) => one.url === '').map(({ name }) => name);
    print(
      `Wrote ${output} of ${placed.length} subgraphs${isConfirmed ? ", which Apollo's composer accepts too" : ''}.`,
    );
    if (nowhere.length > 0) {
      print(
        `It does not say where ${nowhere.join(', ')} answers: name that by --url or in the gateway's settings.`,
      );
    }
    return 0;
  } catch (error) {
    if (!(error instanceof CompositionFault)) throw error;
    printError(`The subgraphs do not compose:\n${error.message}`);
    return 1;
  }
}

/** At no time is there half a file: a gateway may be following it. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function readPair(text: string): SubgraphArgument {
  const [, name, source] = /^([^=\s]+)=(\S.*)$/.exec(text) ?? [];
  if (name === undefined || source === undefined) {
    throw new UsageError(`'${text}' is no name=source, as reviews=reviews.graphql.`);
  }
  return { name, source };
}
