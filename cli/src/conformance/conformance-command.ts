import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { action, addExample, type Context, messageOf, UsageError } from '../command.ts';
import { type GatewayAdapter, GatewayMissing } from './gateways/gateway.ts';
import type { GraphName } from './graph/graphs.ts';
import { countVerdicts, formatReport } from './report.ts';
import type { CaseResult } from './run-cases.ts';

const gatewayNames = ['signet', 'apollo', 'hive', 'mercurius', 'grafbase'] as const;
type GatewayName = (typeof gatewayNames)[number];

type Options = {
  gateway?: GatewayName;
  url?: string;
  graph: GraphName;
  port: number;
  folder: string;
  wait: number;
  peers?: string;
  only?: string;
  json?: boolean;
};

/** `signet conformance`: how a gateway enforces the access directives of Apollo Federation (docs/conformance.md). */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      'Starts a gateway before subgraphs of its own and asks it as many callers what the directives @authenticated, @requiresScopes and @policy say, and @recentAuth and @callers of Signet. Exit 1 where it gives out what they refuse, or refuses what they give.',
    ),
    'npx signet conformance --gateway hive',
  )
    .addOption(new Option('--gateway <name>', 'the gateway to start').choices(gatewayNames))
    .option(
      '--url <url>',
      'in place of --gateway: one that you start, with the supergraph and the keys that are printed',
    )
    .addOption(
      new Option('--graph <name>', 'with --url: which supergraph it serves')
        .choices(['main', 'renamed', 'interfaces', 'recent', 'callers'])
        .default('main'),
    )
    .option('--port <number>', 'with --url: the first port of the subgraphs', readNumber, 4700)
    .option(
      '--folder <path>',
      'with --url: where supergraph and keys are written to',
      join('.signet', 'conformance', 'graph'),
    )
    .option('--wait <seconds>', 'with --url: how long to wait until it answers', readNumber, 300)
    .option('--peers <path>', 'the folder in whose node_modules the gateway is; without it, npm installs it')
    .option('--only <case>', 'one case by its id, or one area')
    .option('--json', 'prints the results as JSON and nothing else')
    .action(action(context, messageOf, (options: Options) => run(options, context)));
}

async function run(options: Options, { print, printError }: Context): Promise<number> {
  const { gateway, url, json, only } = options;
  if ((gateway === undefined) === (url === undefined))
    throw new UsageError('Give either --gateway or --url.');
  const say = json ? printError : print;
  const { title, results } =
    url === undefined
      ? await runGateway(gateway as GatewayName, options, say)
      : { title: url, results: await runUrl(url, options, say) };
  if (results.length === 0) throw new UsageError(`No case and no area is called ${only}.`);
  const counts = countVerdicts(results);
  const report = { gateway: title, date: new Date().toISOString().slice(0, 10), counts, results };
  print(json ? JSON.stringify(report, null, 2) : formatReport(`${title}: ${results.length} cases`, results));
  return counts.leak + counts.wrong > 0 ? 1 : 0;
}

async function runGateway(
  name: GatewayName,
  { peers, only }: Options,
  say: (line: string) => void,
): Promise<{ title: string; results: CaseResult[] }> {
  try {
    const adapter = await createAdapter(name, { folder: peers, say });
    const { runConformance } = await import('./run-conformance.ts');
    return { title: adapter.title, results: await runConformance(adapter, only) };
  } catch (error) {
    if (!(error instanceof GatewayMissing)) throw error;
    const { reportAllUnsupported } = await import('./run-cases.ts');
    return { title: name, results: reportAllUnsupported(error.message, only) };
  }
}

async function runUrl(url: string, options: Options, print: (line: string) => void): Promise<CaseResult[]> {
  const { runAtUrl } = await import('./run-at-url.ts');
  const { graph, port, folder, wait, only } = options;
  return runAtUrl({ url, graph, folder, only, print, firstPort: port, waitSeconds: wait });
}

async function createAdapter(
  name: GatewayName,
  options: { folder: string | undefined; say(line: string): void },
): Promise<GatewayAdapter> {
  switch (name) {
    case 'signet':
      return (await import('./gateways/signet.ts')).createSignetAdapter();
    case 'apollo':
      return (await import('./gateways/apollo.ts')).createApolloAdapter(options);
    case 'hive':
      return (await import('./gateways/hive.ts')).createHiveAdapter(options);
    case 'mercurius':
      return (await import('./gateways/mercurius.ts')).createMercuriusAdapter(options);
    case 'grafbase':
      return (await import('./gateways/grafbase.ts')).createGrafbaseAdapter(options);
  }
}

function readNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 65000.');
  }
  return number;
}
