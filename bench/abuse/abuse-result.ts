import { percentile } from '../support/measure.ts';

/** What an attack leaves for honest people. */
export type AbuseResult = {
  /** The attack, and what became of it. */
  attack: string;
  shares: readonly HonestShare[];
  notes?: readonly string[];
  /** Whether what docs promise held. */
  holds: boolean;
};

/** `times`: how long each answer took, in ms, refused ones included. */
export type HonestShare = { who: string; in: number; tried: number; times: readonly number[] };

export function describeResult({ attack, shares, notes = [], holds }: AbuseResult): string {
  const lines = shares.map(({ who, in: count, tried, times }) => {
    const [p50, max] = [0.5, 1].map((share) => percentile(times, share).toFixed(0));
    return `  ${who}: ${count} of ${tried} got in, p50 ${p50} ms, longest ${max} ms`;
  });
  return [attack, ...lines, ...notes.map((note) => `  ${note}`), `  ${holds ? 'held' : 'MISSED'}`].join('\n');
}
