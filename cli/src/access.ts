import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import {
  type CheckedSubgraph,
  callers,
  createAccessMatrix,
  findAccessFaults,
  findHolderFaults,
  findLenientRows,
  findRoleFaults,
  findScopeFaults,
  findUnusedScopes,
  formatAccessMatrix,
  type MatrixRow,
  readRuleBook,
  sessionOf,
} from '@signet/access';
import { impersonationReasons, scopeHolders, staffRoles } from '@signet/schema/contract';
import { readSubgraphSdl } from '@signet/schema/sdl';
import { subgraphs as registry } from '@signet/schema/subgraphs';
import { composeSupergraph } from '@signet/schema/supergraphs';
import { callerKindOf, platformOf } from '@signet/session';
import { loadSubgraph } from '@signet/subgraph/define';
import type { Command } from 'commander';
import { parse } from 'graphql';
import { addSupergraphOptions, checkSupergraph, type SupergraphOptions } from './access/supergraph-access.ts';
import { action, addExample, type Context, messageOf, UsageError } from './command.ts';

const root = join(import.meta.dirname, '../..');
const generated = join('schema', 'generated');

type Options = SupergraphOptions & { check?: boolean; tree?: string };

/** `npm run access`: every field has an access rule that somebody can pass. With --supergraph: of any supergraph. */
export function define(command: Command, context: Context): void {
  addExample(
    addSupergraphOptions(
      command
        .description(
          'Checks that every field has an access rule that somebody can pass, then writes schema/generated/access-matrix.md: who may have what. With --supergraph, checks another supergraph and writes nothing. With --against, says who gained and who lost access.',
        )
        .option('--check', 'compare only; exit 1 where the matrix is out of date')
        .option('--tree <folder>', 'another copy of this repository'),
    ),
    'npm run access -- --against git:main --acknowledged access-changes.yaml',
  ).action(action(context, messageOf, (options: Options) => run(options, context)));
}

async function run({ check, tree, ...options }: Options, context: Context): Promise<number> {
  const { supergraph, against, output, acknowledged } = options;
  const own = join(tree ?? root, generated, 'supergraph.graphql');
  if (supergraph !== undefined) {
    if (check || tree)
      throw new UsageError('--check and --tree are for this repository, without --supergraph.');
    return checkSupergraph(options, context, resolve(supergraph) === own ? ownViewpoints : undefined);
  }
  if (against !== undefined) {
    return checkSupergraph({ ...options, supergraph: relative('.', own) }, context, ownViewpoints);
  }
  if ((output ?? acknowledged) !== undefined) {
    throw new UsageError('--output and --acknowledged need --supergraph or --against.');
  }
  return checkAccess({ check, tree: tree ?? root }, context);
}

/** The callers of the access matrix, with what each can have. */
const ownViewpoints = callers.map((name) => {
  const session = sessionOf(name);
  if (session.platform === 'none') return { name, holds: new Set<string>() };
  const scopes = [...session.scopes].map((scope) => `scope ${scope}`);
  const who = [`platform ${platformOf(session)}`, `kind ${callerKindOf(session)}`];
  return { name, holds: new Set(['authenticated', ...who, ...scopes]) };
});

/** Whom the table of scopes may name. Its type says the same, and Node runs it without its types. */
const scopeHolderNames = [
  'customer',
  ...staffRoles,
  'impersonated',
  ...impersonationReasons.map((reason) => `impersonated for ${reason}`),
];

async function checkAccess(
  { check, tree }: { check: boolean | undefined; tree: string },
  { print, printError }: Context,
): Promise<number> {
  const fail = (lines: readonly string[]) => {
    printError(lines.join('\n'));
    return 1;
  };
  const subgraphs = await readCheckedSubgraphs(tree);
  const faults = [...findAccessFaults(subgraphs), ...findScopeFaults(subgraphs, scopeHolders)];
  const holderFaults = [
    ...findHolderFaults(scopeHolders, scopeHolderNames),
    ...findRoleFaults(scopeHolders, staffRoles),
  ];
  if (faults.length + holderFaults.length > 0) {
    return fail([
      ...faults.map(({ coordinate, subgraph, fault }) => `${coordinate} (${subgraph}): ${fault}`),
      ...holderFaults.map((fault) => `schema/contract/scopes.ts: ${fault}`),
    ]);
  }
  const composed = readFileSync(join(tree, generated, 'supergraph.graphql'), 'utf8');
  // The matrix shows the supergraph: of an old one it would leave out what was added since, and say that all is well.
  const sources = registry.map(({ name }) => ({ name, sdl: readSubgraphSdl(name, tree) }));
  if (composeSupergraph('graph', sources) !== composed) {
    return fail(['Out of date: schema/generated/supergraph.graphql. Run npm run compose, then this again.']);
  }
  const supergraph = readRuleBook(parse(composed));
  const rows = createAccessMatrix(supergraph);
  const books = subgraphs.map(({ name, sdl }) => ({ name, book: readRuleBook(sdl) }));
  const content = formatAccessMatrix(rows, findLenientRows(rows, books));
  const path = join(tree, generated, 'access-matrix.md');
  const isCurrent = existsSync(path) && readFileSync(path, 'utf8') === content;
  if (check && !isCurrent) {
    return fail([
      'Out of date: schema/generated/access-matrix.md. Run npm run access and commit the result.',
    ]);
  }
  if (!isCurrent) {
    writeFileSync(path, content);
  }
  print(describeCounts(rows, new Set(subgraphs.flatMap(({ policies }) => policies))));
  const unused = findUnusedScopes(subgraphs, scopeHolders);
  if (unused.length > 0) {
    print(
      `No access rule names these scopes of schema/contract/scopes.ts, so they open nothing: ${unused.join(', ')}`,
    );
  }
  return 0;
}

/**
 * Every subgraph of a tree as the access check sees it: its SDL, and the names of its policies.
 *
 * @throws {Error} for SDL that does not parse. @throws {ConfigError} for a subgraph.ts that defines no subgraph.
 */
function readCheckedSubgraphs(tree: string): Promise<CheckedSubgraph[]> {
  return Promise.all(
    registry.map(async ({ name }) => ({
      name,
      sdl: parse(readSubgraphSdl(name, tree)),
      policies: [...(await loadSubgraph(name, tree)).policyNames],
    })),
  );
}

function describeCounts(rows: readonly MatrixRow[], policies: ReadonlySet<string>): string {
  const types = new Set(rows.map(({ coordinate }) => coordinate.split('.')[0]));
  const isPublic = rows.filter(({ conditions }) => conditions?.length === 0);
  const lines = callers.map((caller) => {
    const count = (verdict: string) => rows.filter(({ verdicts }) => verdicts[caller] === verdict).length;
    return `  ${caller.padEnd(14)} ${String(count('yes')).padStart(4)} allowed, ${String(count('policy')).padStart(3)} by policy, ${String(count('no')).padStart(4)} refused`;
  });
  return [
    `Every field has an access rule: ${types.size} types, ${rows.length} fields, ${isPublic.length} of them public, ${policies.size} policies.`,
    ...lines,
  ].join('\n');
}
