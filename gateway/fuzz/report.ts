import type { Finding } from './lab.ts';
import type { Shrunk } from './shrink.ts';
import { writeSubgraphSdl } from './world-sdl.ts';

/** All that is needed to see a difference and to run it again. */
export function describeFinding({ lab, tried, finding }: Shrunk, seed: number): string {
  const subgraphs = lab.world.subgraphs.map((name) => {
    const [, ...types] = writeSubgraphSdl(lab.world, name).split('\n\n');
    return `--- subgraph ${name}\n${types.join('\n')}`;
  });
  return [
    `Seed ${seed}: ${finding.difference}`,
    ...subgraphs,
    '--- operation',
    tried.source,
    `variables: ${JSON.stringify(tried.variables)}`,
    `faults: ${JSON.stringify(tried.faults)}; data: ${JSON.stringify({ seed: lab.world.seed, ...lab.world.data })}`,
    `truth:  ${JSON.stringify(finding.truth.result)}`,
    `answer: ${JSON.stringify(finding.answer)}`,
  ].join('\n');
}

/** What differences have in common that differ in their places and values only: their text, and the first error beside it. */
export function kindOf({ difference }: Pick<Finding, 'difference'>): string {
  return difference
    .replace(/'[^']*'/g, "'…'")
    .replace(/\d+/g, 'n')
    .slice(0, 120);
}
