import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import type { QueryPlanner } from '@apollo/query-planner';

/**
 * What is wrong in the file of @apollo/query-planner that puts fetches in order, and what is right there. Its functions and classes are not
 * exported. docs/decisions/0036-planner-faults.md shows what each does to a plan, corrected-planner.test.ts that it no longer does.
 */
const corrections: readonly { wrong: string; right: string }[] = [
  // A field requires others, and the way to its subgraph leads over the keys of several. What is fetched for it was forgotten then, so
  // that it came after the field.
  {
    wrong: 'if (parents.length === 1 && pathHasOnlyFragments(',
    right: 'if (parents.length === 1 && parents[0].path && pathHasOnlyFragments(',
  },
  {
    wrong: 'triedToMerge = parents.length === 1 &&',
    right: 'triedToMerge = parents.length === 1 && parents[0].path &&',
  },
  // There, a fetch stayed that brings only what it was sent.
  { wrong: 'if (parents.length === 1 && parent.path) {', right: 'if (parents.length === 1) {' },
  {
    wrong: 'assert)(childPathInThis, () => `Cannot remove useless',
    right: 'assert)(true, () => `Cannot remove useless',
  },
  // A required field requires others itself. Its fetch became a part of the one before, which has none of what these need.
  {
    wrong: 'parent.group.canMergeChildIn(created))',
    right: 'created.parents().length === 1 && parent.group.canMergeChildIn(created))',
  },
  // Fetches that are sent the same become one. It was any of them, also one that waits for another: a circle, in which planning never ended.
  {
    wrong: `const group = bucket.pop();
                for (const other of bucket) {`,
    right: `const waits = (one) => bucket.some((other) => one.isDescendantOf(other));
                const takeFirst = () => bucket.splice(bucket.findIndex((one) => !waits(one)), 1)[0];
                const group = takeFirst();
                while (bucket.length > 0) {
                    const other = takeFirst();`,
  },
  // What comes after one that became part of an earlier one no longer waited for what that one had waited for.
  {
    wrong: 'if (parent.group.isDescendantOf(this)) {',
    right: `if (parent.group === this) continue;
            if (parent.group.isDescendantOf(this)) {
                for (const child of merged.children()) child.addParent({ group: parent.group });`,
  },
  // Objects of one place went into one fetch, also where only those of one type come with what a field requires: the others were not sent.
  {
    wrong: 'if (gi.canMergeSiblingIn(gj)) {',
    right: `const comeAlike = () => samePathsInParents(gi.parents()[0].path, gj.parents()[0].path);
                    const needAlike = () => [...(gi.inputs?.perType ?? [])].every(([type, needed]) => {
                        const other = gj.inputs?.perType.get(type);
                        return !other || other.get().equals(needed.get());
                    });
                    if (gi.canMergeSiblingIn(gj) && (comeAlike() || needAlike())) {`,
  },
  // What follows a fetch under a condition was put under the same condition, also where it brings more than what the condition is for.
  {
    wrong: 'while (state.next.length > 0) {',
    right: `const outside = [];
        const isInside = (group) => handledConditions === true || group.conditions() === false
            || (group.conditions() !== true && handledConditions !== false && handledConditions.every((handled) => group.conditions().some(
                ({ variable, negated }) => variable.name === handled.variable.name && negated === handled.negated)));
        for (;;) {
            outside.push(...state.next.filter((group) => !isInside(group)));
            state = new ProcessingState(state.next.filter(isInside), state.unhandled);
            if (state.next.length === 0) break;`,
  },
  { wrong: 'newState: state,', right: 'newState: state.mergeWith(new ProcessingState(outside, [])),' },
];

let corrected: typeof QueryPlanner | undefined;

/** Apollo's query planner without these faults. Whoever imports it gets it as it is. */
export function loadCorrectedPlanner(): typeof QueryPlanner {
  if (corrected) return corrected;
  const file = createRequire(import.meta.url).resolve('@apollo/query-planner/dist/buildPlan.js');
  const exported = {} as { QueryPlanner: typeof QueryPlanner };
  const source = correct(readFileSync(file, 'utf8'));
  compileFunction(source, ['exports', 'require'], { filename: file })(exported, createRequire(file));
  corrected = exported.QueryPlanner;
  return corrected;
}

/** @throws {Error} for a version of the planner's file that is written otherwise */
export function correct(source: string): string {
  return corrections.reduce((text, { wrong, right }) => {
    if (text.split(wrong).length !== 2) {
      throw new Error(
        `This is another version of @apollo/query-planner: buildPlan.js should have '${wrong}' once.`,
      );
    }
    return text.replace(wrong, () => right);
  }, source);
}
