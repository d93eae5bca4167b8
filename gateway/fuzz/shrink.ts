import { type Case, type Finding, isValid, type Lab, openLab, tryCase } from './lab.ts';
import { kindOf } from './report.ts';
import type { Runner } from './runner.ts';
import { smallerOperations } from './shrink-operation.ts';
import { smallerWorlds } from './shrink-world.ts';

export type Shrunk = { lab: Lab; tried: Case; finding: Finding };

/** Takes parts of the operation, the data and the graph away for as long as the answer stays wrong, within a time. */
export async function shrink(start: Shrunk, runner: Runner, { seconds = 30 } = {}): Promise<Shrunk> {
  const end = performance.now() + seconds * 1000;
  let best = start;
  for (let isSmaller = true; isSmaller && performance.now() < end; ) {
    const before = best;
    best = await shrinkOperation(best, end);
    best = await shrinkWorld(best, runner, end);
    isSmaller = best !== before;
  }
  return best;
}

async function shrinkOperation(start: Shrunk, end: number): Promise<Shrunk> {
  let best = start;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const tried of smallerCases(best.tried)) {
      if (performance.now() > end) return best;
      const finding = isValid(best.lab, tried.source) ? await tryCase(best.lab, tried) : undefined;
      if (!finding || isOther(finding, start.finding)) continue;
      best = { ...best, tried, finding };
      isSmaller = true;
      break;
    }
  }
  return best;
}

function* smallerCases(tried: Case): Generator<Case> {
  for (const source of smallerOperations(tried.source)) {
    const variables = Object.fromEntries(
      Object.entries(tried.variables).filter(([name]) => new RegExp(`\\$${name}\\b`).test(source)),
    );
    yield { ...tried, source, variables };
  }
  for (const name of Object.keys(tried.variables)) {
    const { [name]: _, ...variables } = tried.variables;
    yield { ...tried, variables };
  }
  if (tried.operationName !== undefined && !tried.source.includes(tried.operationName, 20)) {
    const { operationName: _, ...unnamed } = tried;
    yield { ...unnamed, source: tried.source.replace(/^(query|mutation) \w+/, '$1') };
  }
}

async function shrinkWorld(start: Shrunk, runner: Runner, end: number): Promise<Shrunk> {
  let best = start;
  let candidates = smallerWorlds(best.lab.world);
  for (let index = 0, sinceChange = 0; sinceChange < candidates.length; ) {
    if (performance.now() > end) return best;
    const make = candidates[index % candidates.length];
    const lab = make && openLab(make(), runner);
    const finding = lab && isValid(lab, best.tried.source) ? await tryCase(lab, best.tried) : undefined;
    if (lab && finding && !isOther(finding, start.finding)) {
      best = { ...best, lab, finding };
      candidates = smallerWorlds(lab.world);
      sinceChange = 0;
    } else {
      index += 1;
      sinceChange += 1;
    }
  }
  return best;
}

/** Another difference than the one that is being shrunk. */
function isOther(finding: Finding, wanted: Finding): boolean {
  return kindOf(finding) !== kindOf(wanted);
}
