import { type AccessChange, codeSpan, formatTable } from '@signet/access';
import {
  type AccessReport,
  type ChangeGroup,
  describeCause,
  findUndecided,
  groupChanges,
  isCause,
  suggestAcknowledgements,
  summarize,
} from './access-report.ts';
import type { JudgedGain } from './acknowledgements.ts';

export const formats = ['text', 'markdown', 'json'] as const;
export type Format = (typeof formats)[number];

/** The most lines of one kind in a text or in Markdown. JSON has them all. */
const maxLines = 100;

export function formatReport(report: AccessReport, format: Format): string {
  if (format === 'json') return `${JSON.stringify(report, null, 2)}\n`;
  return format === 'markdown' ? formatMarkdown(report) : formatText(report);
}

function formatText(report: AccessReport): string {
  const { gains, losses, changes, stale, faults } = report;
  const line = (change: ChangeGroup<AccessChange>, kind: 'gain' | 'loss') =>
    `  ${change.coordinate}: ${change.callers.join(', ')} (${describeCause(change, kind)})${kind === 'gain' ? decisionOf(change) : ''}`;
  return [
    `${report.supergraph} against ${report.against}: ${summarize(report)}.`,
    ...section(
      'Gained access:',
      groupChanges(gains.filter(isCause)).map((gain) => line(gain, 'gain')),
    ),
    ...section('Reached through these:', reached(gains)),
    ...section(
      'Lost access:',
      groupChanges(losses.filter(isCause)).map((loss) => line(loss, 'loss')),
    ),
    ...section('No longer reached:', reached(losses)),
    ...section(
      'Changes that break clients, or may:',
      changes.map(
        ({ path, message, isBreaking }) => `  ${path}: ${message}${isBreaking ? '' : ' (may break)'}`,
      ),
    ),
    ...section(
      'New faults of the rules:',
      faults.map((fault) => `  ${fault}`),
    ),
    ...section(
      staleTitle,
      stale.map(
        ({ line: at, coordinate, caller }) =>
          `  ${report.acknowledgements}:${at}: delete ${coordinate} for ${caller}`,
      ),
    ),
    ...section('To accept the gains, say why in the file that --acknowledged names:', suggestion(report)),
    '',
  ].join('\n');
}

const staleTitle = 'Acknowledgements that no gain needs, and that would accept one later. Delete them:';

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? ['', title, ...cut(lines)] : [];
}

function cut(lines: readonly string[]): readonly string[] {
  return lines.length > maxLines
    ? [...lines.slice(0, maxLines), `  … and ${lines.length - maxLines} more (--format json has all)`]
    : lines;
}

function reached(changes: readonly AccessChange[]): string[] {
  return groupChanges(changes.filter((change) => !isCause(change))).map(
    ({ coordinate, callers }) => `  ${coordinate}: ${callers.join(', ')}`,
  );
}

function decisionOf({ acknowledged, expired }: Partial<JudgedGain>): string {
  if (acknowledged) {
    return `, acknowledged${acknowledged.until ? ` until ${acknowledged.until}` : ''}: ${oneLine(acknowledged.reason)}`;
  }
  return expired ? `, NOT ACKNOWLEDGED since ${expired.until}` : ', NOT ACKNOWLEDGED';
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function suggestion(report: AccessReport): string[] {
  const undecided = findUndecided(report);
  return undecided.length > 0 ? suggestAcknowledgements(undecided).trimEnd().split('\n') : [];
}

function formatMarkdown(report: AccessReport): string {
  const { gains, losses, changes, stale, faults } = report;
  const callersOf = ({ callers }: { callers: string[] }) => callers.map(codeSpan).join(', ');
  const table = (title: string, header: string[], rows: string[][]) =>
    rows.length === 0
      ? []
      : [`### ${title}`, '', ...formatTable(header, rows.slice(0, maxLines)), ...rest(rows.length), ''];
  const folded = (title: string, rows: string[][]) =>
    rows.length === 0
      ? []
      : [
          `<details><summary>${title}: ${rows.length}</summary>`,
          '',
          ...formatTable(['field', 'callers'], rows.slice(0, maxLines)),
          ...rest(rows.length),
          '',
          '</details>',
          '',
        ];
  const reachedRows = (all: readonly AccessChange[]) =>
    groupChanges(all.filter((change) => !isCause(change))).map((change) => [
      codeSpan(change.coordinate),
      callersOf(change),
    ]);
  const causeRows = (all: readonly AccessChange[], kind: 'gain' | 'loss') =>
    groupChanges(all.filter(isCause)).map((change) => [
      codeSpan(change.coordinate),
      callersOf(change),
      describeCause(change, kind),
      ...(kind === 'gain' ? [markdownDecision(change)] : []),
    ]);
  const lines = suggestion(report);
  return [
    `## Access: ${summarize(report)}`,
    '',
    ...table('Who gained access', ['field', 'callers', 'why', 'acknowledged'], causeRows(gains, 'gain')),
    ...folded('Fields that these callers reach now', reachedRows(gains)),
    ...table('Who lost access', ['field', 'callers', 'why'], causeRows(losses, 'loss')),
    ...folded('Fields that these callers no longer reach', reachedRows(losses)),
    ...table(
      'Changes that break clients, or may',
      ['where', 'change', 'breaks'],
      changes.map(({ path, message, isBreaking }) => [
        codeSpan(path),
        codeSpan(message),
        isBreaking ? 'yes' : 'maybe',
      ]),
    ),
    ...table(
      'New faults of the rules',
      ['fault'],
      faults.map((fault) => [codeSpan(fault)]),
    ),
    ...table(
      staleTitle.slice(0, -1),
      ['line', 'field', 'caller'],
      stale.map(({ line, coordinate, caller }) => [String(line), codeSpan(coordinate), codeSpan(caller)]),
    ),
    ...(lines.length > 0
      ? [
          'To accept the gains, say why in the file of acknowledgements:',
          '',
          ...fenced(lines.slice(0, maxLines)),
          '',
        ]
      : []),
  ].join('\n');
}

function rest(length: number): string[] {
  return length > maxLines ? ['', `… and ${length - maxLines} more.`] : [];
}

function markdownDecision({ acknowledged, expired }: Partial<JudgedGain>): string {
  if (acknowledged) {
    return `${codeSpan(acknowledged.reason)}${acknowledged.until ? ` until ${acknowledged.until}` : ''}`;
  }
  return expired ? `**no**, expired on ${expired.until}` : '**no**';
}

/** A block of code whose text cannot end it. */
function fenced(lines: readonly string[]): string[] {
  const runs = lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(2, ...runs) + 1);
  return [`${fence}yaml`, ...lines, fence];
}
