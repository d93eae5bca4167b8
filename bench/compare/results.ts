import type { LoadResult } from './load.ts';

/** One contender under load for one operation, once. */
export type Sample = { rps: number; p99Ms: number; cpuUs: number; residentMb: number };

export type Measured = Sample & {
  /** Requests a second by those of the stock gateway, in the same round. */
  ratio: number;
};

/** By operation, then by contender. */
export type Results = { [operation: string]: { [contender: string]: Measured } };

export function toSample(
  { answered, seconds, p99Ms }: LoadResult,
  cpuSeconds: number,
  residentMb: number,
): Sample {
  return { rps: answered / seconds, p99Ms, cpuUs: (cpuSeconds * 1e6) / answered, residentMb };
}

/** Medians over the rounds. `rounds` holds, by contender, a sample for each round; the ratio is to `base` of the same round. */
export function summarize(rounds: ReadonlyMap<string, readonly Sample[]>, base: string): Results[string] {
  const bases = rounds.get(base) ?? [];
  return Object.fromEntries(
    [...rounds].map(([name, samples]) => {
      const medianOf = (read: (sample: Sample, round: number) => number) => median(samples.map(read));
      return [
        name,
        {
          rps: medianOf(({ rps }) => rps),
          p99Ms: medianOf(({ p99Ms }) => p99Ms),
          cpuUs: medianOf(({ cpuUs }) => cpuUs),
          residentMb: medianOf(({ residentMb }) => residentMb),
          ratio: medianOf(({ rps }, round) => rps / (bases[round]?.rps ?? Number.NaN)),
        },
      ];
    }),
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
