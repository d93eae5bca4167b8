import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack, Target } from '@signet/testing/attack';
import { createOtherClient } from './other-client.ts';
import { TargetError } from './target.ts';

export type Outcome = { attack: Attack; won: string | undefined; ms: number };

/**
 * How long others may wait while an attack runs, unless they wait for a tenth of that already without one: at rest, and while a client asks
 * for next to nothing as many times at once as attacks do. That takes a small part of it, but on a machine that is slow or busy.
 */
const patienceMs = 2000;
const patienceFactor = 10;
/** From this many times that on it is a win at once. Less may be the machine's doing, and has to come twice. */
const certainFactor = 3;
const restMs = 1000;
const crowd = 100;
const probeEveryMs = 100;

/** Runs the attacks one after the other. Each has also won when the server serves others late, or no more. */
export async function runAttacks(
  attacks: readonly Attack[],
  target: Target,
  report: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const rest = watchOthers(target.graph.url);
  await sleep(restMs);
  await Promise.allSettled(Array.from({ length: crowd }, () => target.graph.ask('{ __typename }')));
  const patience = Math.max(patienceMs, patienceFactor * (await rest.stop()));
  for (const attack of attacks) {
    const startedAt = performance.now();
    let tried = await tryAttack(attack, target, patience);
    // A machine that is busy for a moment has others wait as well. What an attack does, it does again.
    if (tried.isDoubtful) tried = await tryAttack(attack, target, patience);
    const outcome = { attack, won: tried.won, ms: performance.now() - startedAt };
    outcomes.push(outcome);
    report(outcome);
  }
  return outcomes;
}

/** @param patience how long others may wait, in milliseconds. `isDoubtful`: they waited a little longer, and that is all that was won. */
async function tryAttack(
  attack: Attack,
  target: Target,
  patience: number,
): Promise<{ won: string | undefined; isDoubtful: boolean }> {
  const probe = watchOthers(target.graph.url);
  const won = await attack.run(target).catch((error: unknown) => {
    if (error instanceof TargetError) return `the attack could not be made: ${error.message}`;
    return `no answer: ${String((error as Error).cause ?? error)}`;
  });
  const worstMs = await probe.stop();
  const waited = worstMs > patience ? `others waited ${Math.round(worstMs)} ms for an answer` : undefined;
  return {
    won: won ?? waited,
    isDoubtful: won === undefined && waited !== undefined && worstMs < certainFactor * patience,
  };
}

/** Somebody else, who asks for next to nothing all the time, and once more when the attack is over. */
function watchOthers(url: string): { stop(): Promise<number> } {
  const isServed = createOtherClient(url);
  let worstMs = 0;
  const probe = async () => {
    const startedAt = performance.now();
    const wasServed = await isServed();
    worstMs = Math.max(worstMs, wasServed ? performance.now() - startedAt : Number.POSITIVE_INFINITY);
  };
  const probes: Promise<void>[] = [];
  const timer = setInterval(() => probes.push(probe()), probeEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all([...probes, probe()]);
      return worstMs;
    },
  };
}
