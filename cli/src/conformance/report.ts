import type { CaseResult } from './run-cases.ts';
import { sentences } from './sentences.ts';

const verdicts = ['pass', 'leak', 'wrong', 'not supported'] as const;
type VerdictName = (typeof verdicts)[number];

export type Counts = Readonly<Record<VerdictName, number>>;

export function countVerdicts(results: readonly CaseResult[]): Counts {
  const count = (name: VerdictName) => results.filter(({ verdict }) => verdict === name).length;
  return {
    pass: count('pass'),
    leak: count('leak'),
    wrong: count('wrong'),
    'not supported': count('not supported'),
  };
}

/** A line for each area, then each case that did not pass, with the sentence that it stands on. */
export function formatReport(title: string, results: readonly CaseResult[]): string {
  const areas = [...Map.groupBy(results, ({ area }) => area)];
  const width = Math.max(...areas.map(([area]) => area.length), 'all'.length);
  const line = (name: string, counts: Counts) =>
    `${name.padEnd(width)} ${verdicts.map((verdict) => formatCount(counts[verdict], verdict.length)).join('  ')}`;
  return [
    title,
    '',
    `${''.padEnd(width)} ${verdicts.join('  ')}`,
    ...areas.map(([area, inArea]) => line(area, countVerdicts(inArea))),
    line('all', countVerdicts(results)),
    ...results.filter(({ verdict }) => verdict === 'leak' || verdict === 'wrong').map(formatFailure),
    ...formatUnsupported(results),
  ].join('\n');
}

function formatCount(count: number, width: number): string {
  return (count === 0 ? '-' : String(count)).padStart(width);
}

function formatFailure(result: CaseResult): string {
  const { text, link } = sentences[result.says];
  const because = 'because' in result ? result.because : '';
  return `\n${result.verdict}: ${result.id}: ${result.title}\n  ${result.operation}\n  ${because}\n  "${text}"\n  ${link}`;
}

function formatUnsupported(results: readonly CaseResult[]): string[] {
  const absent = results.filter((result) => result.verdict === 'not supported');
  const reasons = [...Map.groupBy(absent, (result) => ('because' in result ? result.because : ''))];
  return reasons.map(([reason, cases]) => `\nnot supported, ${cases.length} cases: ${reason}`);
}
