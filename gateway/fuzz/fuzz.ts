import type { FaultPlan } from './faults.ts';
import {
  type GeneratedOperation,
  generateOperation,
  type OperationShares,
  usualShares,
} from './generate-operation.ts';
import { generateWorld } from './generate-world.ts';
import { findKnownFault } from './known-faults.ts';
import { type Case, type Finding, isValid, type Lab, openLab, tryCase } from './lab.ts';
import { createRandom, hashText, type Random } from './random.ts';
import type { Runner } from './runner.ts';

export type FuzzCount = {
  worlds: number;
  uncomposed: number;
  operations: number;
  runs: number;
  invalid: number;
  seconds: number;
  /** Runs that ended in a known fault of the planner, by its name. */
  known: Map<string, number>;
};
export type Found = Finding & { seed: number; lab: Lab; tried: Case };

export type FuzzOptions = {
  runner: Runner;
  seed: number;
  /** Ends after this time, after so many worlds, or after so many runs. */
  seconds?: number;
  worlds?: number;
  cases?: number;
  operationsPerWorld?: number;
  /** All unless given. */
  kinds?: readonly FaultPlan['kind'][] | undefined;
  /** Of what operations hold. The usual ones unless given. */
  shares?: Partial<OperationShares>;
  onFound(found: Found): unknown;
};

/**
 * Runs random operations on random federated graphs through a gateway, and holds each answer against graphql-js on one schema. World
 * number n of seed s is the first world of seed s + n.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzCount> {
  const {
    runner,
    seed,
    seconds = Infinity,
    worlds = Infinity,
    cases = Infinity,
    operationsPerWorld = 60,
    kinds,
    shares,
    onFound,
  } = options;
  const count: FuzzCount = {
    worlds: 0,
    uncomposed: 0,
    operations: 0,
    runs: 0,
    invalid: 0,
    seconds: 0,
    known: new Map(),
  };
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const isOver = () => elapsed() >= seconds || count.runs >= cases;
  for (let number = 0; count.worlds < worlds && !isOver(); number += 1) {
    const worldSeed = seed + number;
    const lab = openLab(generateWorld(createRandom(hashText(`world ${worldSeed}`))), runner);
    if (!lab) {
      count.uncomposed += 1;
      continue;
    }
    count.worlds += 1;
    try {
      for (let index = 0; index < operationsPerWorld && !isOver(); index += 1) {
        const random = createRandom(hashText(`operation ${worldSeed} ${index}`));
        const operation = generateOperation(lab.schema, random, { ...usualShares, ...shares });
        if (!isValid(lab, operation.source)) {
          count.invalid += 1;
          continue;
        }
        count.operations += 1;
        for (const tried of variantsOf(operation, random, kinds)) {
          if (isOver()) break;
          count.runs += 1;
          const finding = await tryCase(lab, tried);
          const known = finding && findKnownFault(finding);
          if (known !== undefined) count.known.set(known, (count.known.get(known) ?? 0) + 1);
          else if (finding) onFound({ ...finding, seed: worldSeed, lab, tried });
        }
      }
    } finally {
      await lab.runner.stop();
    }
  }
  return { ...count, seconds: elapsed() };
}

/** Planning takes most of the time: each operation runs with several faults, and with its conditions the other way round. */
function variantsOf(operation: GeneratedOperation, random: Random, kinds: FuzzOptions['kinds']): Case[] {
  const faults = (kind: FaultPlan['kind']) => ({
    kind,
    seed: random.below(2 ** 31),
    share: random.pick([0.05, 0.2, 0.5]),
  });
  const turned = Object.fromEntries(
    Object.entries(operation.variables).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? !value : value,
    ]),
  );
  return [
    { ...operation, faults: faults('none') },
    { ...operation, faults: faults('fields') },
    { ...operation, faults: faults('answers') },
    { ...operation, variables: turned, faults: faults('fields') },
    { ...operation, variables: turned, faults: faults('answers') },
  ].filter(({ faults: { kind } }) => kinds?.includes(kind) ?? true);
}
