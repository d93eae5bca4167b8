import { writeFileSync } from 'node:fs';
import {
  compareAccess,
  createSupergraphMatrix,
  type DefaultAccess,
  defaultAccesses,
  formatSupergraphMatrix,
  type ReadSupergraph,
  readSupergraph,
  type SupergraphFault,
  type SupergraphMatrix,
  UnreadableSupergraph,
  type Viewpoint,
} from '@signet/access';
import { type Command, Option } from 'commander';
import { action, addExample, type Context, messageOf, UsageError } from '../command.ts';
import { type AccessReport, isRefused } from './access-report.ts';
import { judgeGains, readAcknowledgements } from './acknowledgements.ts';
import { findBreakingChanges } from './breaking-changes.ts';
import { type Format, formatReport, formats } from './format-report.ts';
import { readSource } from './read-source.ts';

export type SupergraphOptions = {
  supergraph?: string;
  against?: string;
  acknowledged?: string;
  defaultAccess: DefaultAccess;
  format: Format;
  output?: string;
};

/** `signet access --supergraph`, for any supergraph: the command of a stranger's project. */
export function define(command: Command, context: Context): void {
  addExample(
    addSupergraphOptions(
      command.description(
        'Checks the access rules of a composed supergraph and says who may have what. With --against, says who gained and who lost access.',
      ),
    ),
    'npx signet access --supergraph supergraph.graphql --against git:origin/main',
  ).action(action(context, messageOf, (options: SupergraphOptions) => checkSupergraph(options, context)));
}

export function addSupergraphOptions(command: Command): Command {
  return command
    .option('--supergraph <file>', 'any composed supergraph')
    .option('--against <old>', 'compare with this file, or with git:<ref> or git:<ref>:<path>')
    .option('--acknowledged <file>', 'YAML with the gains of access that were decided (with --against)')
    .addOption(
      new Option('--default-access <who>', 'who may have a field without a rule')
        .choices(defaultAccesses)
        .default('deny'),
    )
    .addOption(new Option('--format <format>', 'of the report').choices(formats).default('text'))
    .option('--output <file>', 'write the report there');
}

/**
 * Checks one supergraph, or compares it with an older one.
 *
 * @param viewpoints the callers to compare for; without, they follow from the rules
 * @returns 1 for a fault of the rules, for a gain of access that nobody acknowledged, or for an acknowledgement that no gain needs
 * @throws {UsageError} @throws {Error} for what cannot be read
 */
export async function checkSupergraph(
  options: SupergraphOptions,
  context: Context,
  viewpoints?: readonly Viewpoint[],
): Promise<number> {
  const { supergraph: path, against, acknowledged, defaultAccess } = options;
  if (path === undefined) throw new UsageError('Missing --supergraph <file>.');
  if (acknowledged !== undefined && against === undefined) {
    throw new UsageError('--acknowledged needs --against: without an older supergraph nobody gains access.');
  }
  const after = await readNamed(path, path, defaultAccess);
  if (against === undefined) return reportCheck(path, after, options, context);
  const before = await readNamed(against, path, defaultAccess);
  const decided = acknowledged
    ? readAcknowledgements(acknowledged, await readSource(acknowledged, path))
    : [];
  const now = context.now?.() ?? new Date();
  const { gains, losses } = compareAccess(before.graph, after.graph, viewpoints);
  const known = new Set(before.weaknesses.map(keyOf));
  const report: AccessReport = {
    supergraph: path,
    against,
    ...(acknowledged !== undefined && { acknowledgements: acknowledged }),
    faults: after.weaknesses
      .filter((fault) => !known.has(keyOf(fault)))
      .map((fault) => describeFault(path, fault)),
    ...judgeGains(gains, decided, now),
    losses,
    changes: await findBreakingChanges(before.document, after.document),
  };
  write(formatReport(report, options.format), options, context);
  return isRefused(report) ? 1 : 0;
}

function keyOf({ coordinate, fault }: SupergraphFault): string {
  return `${coordinate}: ${fault}`;
}

function reportCheck(
  path: string,
  { graph, weaknesses }: ReadSupergraph,
  options: SupergraphOptions,
  context: Context,
): number {
  const matrix = createSupergraphMatrix(graph);
  const faults = weaknesses.map((fault) => describeFault(path, fault));
  write(formatCheck(path, matrix, faults, options), options, context);
  if (faults.length > 0) context.printError(cut(faults).join('\n'));
  return faults.length > 0 ? 1 : 0;
}

function formatCheck(
  path: string,
  matrix: SupergraphMatrix,
  faults: readonly string[],
  { format, defaultAccess }: SupergraphOptions,
): string {
  if (format === 'markdown') return formatSupergraphMatrix(matrix);
  const callers = matrix.callers.map(({ name }) => name);
  if (format === 'json') {
    return `${JSON.stringify({ supergraph: path, faults, callers, fields: matrix.rows }, null, 2)}\n`;
  }
  const { rows } = matrix;
  const byDefault = rows.filter(({ isDefault, conditions }) => isDefault || conditions === undefined).length;
  const isPublic = rows.filter(({ conditions }) => conditions?.length === 0).length;
  const width = Math.max(...callers.map(({ length }) => length));
  const lines = callers.map((caller) => {
    const number = (verdict: string) => rows.filter(({ verdicts }) => verdicts[caller] === verdict).length;
    return `  ${caller.padEnd(width)} ${number('yes')} allowed, ${number('policy')} by policy, ${number('no')} refused`;
  });
  return [
    `${path}: ${rows.length} fields, ${isPublic} of them public, ${byDefault} without a rule (default: ${defaultAccess}).`,
    ...cut(lines),
    '',
  ].join('\n');
}

function write(text: string, { output }: SupergraphOptions, context: Context): void {
  if (output === undefined) context.print(text.trimEnd());
  else writeFileSync(output, text);
}

async function readNamed(
  source: string,
  beside: string,
  defaultAccess: DefaultAccess,
): Promise<ReadSupergraph> {
  const text = await readSource(source, beside);
  try {
    return readSupergraph(text, defaultAccess);
  } catch (error) {
    if (!(error instanceof UnreadableSupergraph)) throw error;
    throw new Error(cut(error.faults.map((fault) => describeFault(source, fault))).join('\n'));
  }
}

function describeFault(source: string, { line, coordinate, fault }: SupergraphFault): string {
  return `${source}${line === undefined ? '' : `:${line}`}: ${coordinate} ${fault}`;
}

const maxLines = 100;

function cut(lines: readonly string[]): readonly string[] {
  return lines.length > maxLines
    ? [...lines.slice(0, maxLines), `… and ${lines.length - maxLines} more`]
    : lines;
}
