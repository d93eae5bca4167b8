import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { canPin } from './pinned-process.ts';
import type { Measured, Results } from './results.ts';

/** What the figures were measured on, in a line. */
export function describeMachine(): string {
  const [first] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const pinned = canPin
    ? 'the gateway on one core, load and subgraphs on another'
    : 'no process held to a core';
  return `${cpus().length} × ${first?.model ?? process.arch}, ${memory}, Node ${process.versions.node}, commit ${readCommit()}; ${pinned}. Load of the machine before the run: ${(loadavg()[0] ?? 0).toFixed(1)}, where 0 is quiet`;
}

function readCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** A table in Markdown for each operation. `describe` says more about a contender. */
export function formatTables(results: Results, describe: (contender: string) => string): string {
  return Object.entries(results)
    .map(([operation, measured]) =>
      [
        `### ${operation}`,
        '',
        '| | checks | requests/s | × | p99 ms | CPU µs | MB |',
        '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
        ...Object.entries(measured)
          .toSorted(([, a], [, b]) => b.rps - a.rps)
          .map(([name, row]) => formatRow(name, describe(name), row)),
      ].join('\n'),
    )
    .join('\n\n');
}

function formatRow(name: string, checks: string, { rps, ratio, p99Ms, cpuUs, residentMb }: Measured): string {
  const cells = [rps.toFixed(0), ratio.toFixed(1), p99Ms.toFixed(1), cpuUs.toFixed(0), residentMb.toFixed(0)];
  return `| ${name} | ${checks} | ${cells.join(' | ')} |`;
}
