import { readFile } from 'node:fs/promises';
import { explainOperatorFailure } from '@signet/auth/operator';
import { readUsage, type UsageRow } from '@signet/auth/operator/usage';
import { otherUsage } from '@signet/schema/contract';
import { supergraphPath, type Variant, variants } from '@signet/schema/supergraph-files';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ConstDirectiveNode, Kind, parse } from 'graphql';
import { action, addExample, type Context, UsageError } from './command.ts';

type Options = {
  client?: string;
  since: number;
  entrance?: Variant;
  unused?: boolean;
  supergraph?: string;
  url?: string;
  json?: boolean;
};

/** A field of the schema. `deprecated`: the reason, where it is. */
type Field = { coordinate: string; deprecated: string | undefined };
type Row = Omit<UsageRow, 'firstDay' | 'lastDay'> & Partial<Pick<UsageRow, 'firstDay' | 'lastDay'>>;

/** `signet usage`: who still asks for a field (docs/usage.md). */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      'Reads what the gateways have counted. Works on the deployment whose variables an auth process would have; without them on the ' +
        'platform of npm start on this machine.',
    ),
    'npx signet usage User.email --since 90d',
  )
    .argument('[coordinate]', 'a field of the schema, such as User.email', readCoordinate)
    .option('--client <name>', 'of this client alone')
    .option('--since <days>', 'of the last days, such as 30d', readDays, 30)
    .addOption(new Option('--entrance <name>', 'of this entrance alone').choices(variants))
    .option('--unused', 'fields of the schema that nobody asked for')
    .option('--supergraph <file>', 'the schema, where it is not the one of this repository')
    .option('--url <url>', 'what one gateway has counted since its start: /usage of its METRICS_PORT')
    .option('--json', 'as JSON')
    .action(
      action(
        context,
        (error) => explainOperatorFailure(error) ?? `The usage could not be read: ${String(error)}`,
        (coordinate: string | undefined, options: Options) => show(coordinate, options, context),
      ),
    );
}

function readCoordinate(text: string): string {
  if (!/^\w+\.\w+$/.test(text)) throw new InvalidArgumentError('A field is written like User.email.');
  return text;
}

function readDays(text: string): number {
  const days = Number(/^(\d{1,4})d?$/.exec(text)?.[1]);
  if (!(days >= 1)) throw new InvalidArgumentError('Days are written like 30d.');
  return days;
}

async function show(coordinate: string | undefined, options: Options, context: Context): Promise<number> {
  const { unused, entrance, supergraph, url, json } = options;
  if (unused && (coordinate !== undefined || options.client !== undefined)) {
    throw new UsageError('--unused is of all fields and clients.');
  }
  const fields = await readFields(supergraph ?? supergraphPath(entrance ?? 'graph'));
  const known = new Map(fields.map((field) => [field.coordinate, field]));
  if (coordinate !== undefined && !known.has(coordinate)) {
    context.printError(`The schema has no field ${coordinate}. Counted may be one that it had.`);
  }
  // What could not be told apart may be of this field or client as well.
  const orOther = (asked: string | undefined) => (asked === undefined ? undefined : [asked, otherUsage]);
  const [coordinates, clients] = [orOther(coordinate), orOther(options.client)];
  const read: readonly Row[] = url
    ? await readFromGateway(url, {
        coordinate: coordinates,
        client: clients,
        entrance: entrance && [entrance],
      })
    : await readUsage(context.env, { coordinates, clients, entrance, sinceDays: options.since });
  const rows = read.filter(
    (row) =>
      row.coordinate === (coordinate ?? row.coordinate) && row.client === (options.client ?? row.client),
  );
  if (rows.length < read.length) {
    context.printError('More was asked for than could be told apart: some of it may belong here as well.');
  }
  const marked = rows.map((row) => ({ ...row, deprecated: known.get(row.coordinate)?.deprecated }));
  if (unused) return showUnused(fields, rows, options, context);
  if (json) context.print(JSON.stringify(marked, null, 2));
  else if (marked.length === 0) context.print('Nobody asked for it.');
  else context.print(formatTable(marked));
  return 0;
}

function showUnused(
  fields: readonly Field[],
  rows: readonly Row[],
  { json }: Options,
  { print, printError }: Context,
): number {
  const used = new Set(rows.map(({ coordinate }) => coordinate));
  const left = fields.filter(({ coordinate }) => !used.has(coordinate));
  if (used.has(otherUsage)) {
    printError('More was asked for than could be counted by field: a field of this list may be in use.');
  }
  const [first] = rows.flatMap(({ firstDay }) => firstDay ?? []).sort();
  if (rows.length === 0) printError('Nothing has been counted in this time.');
  else if (first !== undefined) printError(`Counted since ${first}.`);
  if (json) print(JSON.stringify(left, null, 2));
  else print(left.map(({ coordinate, deprecated }) => `${coordinate}${markOf(deprecated)}`).join('\n'));
  return 0;
}

function markOf(deprecated: string | undefined): string {
  return deprecated === undefined ? '' : `  deprecated: ${deprecated}`;
}

function formatTable(rows: readonly (Row & { deprecated: string | undefined })[]): string {
  const cells = rows.map(({ coordinate, client, version, entrance, count, lastDay = '' }) => [
    coordinate,
    client || '(no name)',
    version,
    entrance,
    String(count),
    lastDay,
  ]);
  const header = ['field', 'client', 'version', 'entrance', 'requests', 'last'];
  const widths = header.map((title, at) =>
    Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const format = (row: readonly string[]) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
  return [
    format(header).trimEnd(),
    ...cells.map((row, at) => `${format(row)}${markOf(rows[at]?.deprecated)}`.trimEnd()),
  ].join('\n');
}

/** Undefined: whichever. */
type Filter = Record<'coordinate' | 'client' | 'entrance', readonly string[] | undefined>;

/** @throws {Error} where there is no gateway, or one that counts nothing */
async function readFromGateway(url: string, filter: Filter): Promise<Row[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok)
    throw new Error(`${url} answered ${response.status}; is it /usage of the METRICS_PORT of a gateway?`);
  const { usage } = (await response.json()) as { usage: Row[] };
  return usage
    .filter((row) =>
      Object.entries(filter).every(
        ([name, values]) => values === undefined || values.includes(row[name as keyof Filter]),
      ),
    )
    .sort((one, other) => (one.coordinate < other.coordinate ? -1 : 1));
}

/** The fields that clients can ask for, of object types: one of an interface counts for each of its types. */
async function readFields(path: string): Promise<Field[]> {
  const document = parse(await readFile(path, 'utf8'), { noLocation: true });
  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION || isHidden(definition.directives)) return [];
    const type = definition.name.value;
    return (definition.fields ?? [])
      .filter(({ directives, name }) => !isHidden(directives) && !name.value.startsWith('_'))
      .map(({ name, directives }) => ({
        coordinate: `${type}.${name.value}`,
        deprecated: readDeprecation(directives),
      }));
  });
}

function isHidden(directives: readonly ConstDirectiveNode[] = []): boolean {
  return directives.some(({ name }) => name.value === 'inaccessible');
}

function readDeprecation(directives: readonly ConstDirectiveNode[] = []): string | undefined {
  const deprecated = directives.find(({ name }) => name.value === 'deprecated');
  if (!deprecated) return undefined;
  const reason = deprecated.arguments?.find(({ name }) => name.value === 'reason')?.value;
  return reason?.kind === Kind.STRING ? reason.value : 'No longer supported';
}
