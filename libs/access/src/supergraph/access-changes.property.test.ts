import { expect, it } from 'vitest';
import type { Condition } from '../conditions.ts';
import { type AccessChange, compareAccess, findField } from './access-changes.ts';
import type { AccessGraph, GraphField } from './access-graph.ts';
import { meets, type Way, waysOf } from './ways.ts';

/*
 * Random pairs of small graphs. What `compareAccess` says is held against every possible caller, one after the other.
 */

const needs = ['authenticated', 'scope a', 'scope b', 'policy p'];
/** Every set of needs that a caller can have: a scope comes with a token. */
const callers: readonly Way[] = Array.from(
  { length: 2 ** needs.length },
  (_, bits) => new Set(needs.filter((_, at) => bits & (1 << at))),
).filter((way) => way.has('authenticated') || !(way.has('scope a') || way.has('scope b')));

const rules: readonly (readonly Condition[] | undefined)[] = [
  undefined,
  [],
  [{ kind: 'authenticated' }],
  [{ kind: 'scopes', anyOf: [['a'], ['b']] }],
  [{ kind: 'scopes', anyOf: [['a', 'b']] }],
  [{ kind: 'policies', anyOf: [['p']] }],
  [
    { kind: 'scopes', anyOf: [['a']] },
    { kind: 'policies', anyOf: [['p']] },
  ],
];

/** A generator of whole numbers below `n`, the same for a seed each time (mulberry32). */
function createRandom(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

function createGraph(random: (n: number) => number): AccessGraph {
  const names = ['Query', 'A', 'B', 'C'];
  const targets = ['A', 'B', 'C', 'I', 'U', 'Int'];
  const types = new Map(
    names.map((type) => {
      const fields = ['x', 'y', 'z'].slice(0, 1 + random(3)).map((name): [string, GraphField] => {
        const returns = targets[random(targets.length)] ?? 'Int';
        const conditions = rules[random(rules.length)];
        return [
          name,
          { coordinate: `${type}.${name}`, type, returns, conditions, isDefault: false, line: undefined },
        ];
      });
      return [type, new Map(fields)];
    }),
  );
  const members = new Map(
    ['I', 'U'].map((name) => [name, new Set(['A', 'B', 'C'].filter(() => random(2) === 0))]),
  );
  const roots = random(4) === 0 ? ['Query', 'C'] : ['Query'];
  return { roots, types, members, interfaceFields: [], reads: [] };
}

/** Every coordinate that one caller gets, by walking the graph as this caller. */
function walk({ roots, types, members }: AccessGraph, caller: Way): Set<string> {
  const reached = new Set<string>();
  const seen = new Set<string>();
  const open = [...roots];
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (seen.has(type)) continue;
    seen.add(type);
    open.push(...(members.get(type) ?? []));
    for (const field of types.get(type)?.values() ?? []) {
      if (!meets(caller, waysOf(field.conditions))) continue;
      reached.add(field.coordinate);
      open.push(field.returns);
    }
  }
  return reached;
}

function wayOf({ caller }: AccessChange): Way {
  const [base = '', more] = caller.split(' with ');
  return new Set([...(base === 'anonymous' ? [] : [base]), ...(more?.split(' and ') ?? [])]);
}

it('names every gain of every caller, nothing else, and a cause for each', () => {
  let gained = 0;
  for (let seed = 0; seed < 300; seed += 1) {
    const random = createRandom(seed);
    const [before, after] = [createGraph(random), createGraph(random)];
    // Half of the pairs differ in little.
    if (seed % 2 === 0)
      for (const [name, fields] of before.types)
        if (random(3) > 0) (after.types as Map<string, unknown>).set(name, fields);
    const changes = compareAccess(before, after).gains;
    const causes = changes.filter(({ by }) => by !== 'reached').map(wayOf);
    for (const caller of callers) {
      const old = walk(before, caller);
      const gains = [...walk(after, caller)].filter((coordinate) => !old.has(coordinate)).sort();
      const said = changes
        .filter(
          (change) =>
            change.coordinate.includes('.') && change.by !== 'type' && meets(caller, [wayOf(change)]),
        )
        .map(({ coordinate }) => coordinate)
        .filter((coordinate) => !old.has(coordinate));
      expect([...new Set(said)].sort(), `seed ${seed}, ${[...caller]}`).toEqual(gains);
      if (gains.length > 0)
        expect(meets(caller, causes), `a cause for seed ${seed}, ${[...caller]}`).toBe(true);
      gained += gains.length;
    }
    for (const change of changes) {
      if (change.by === 'type') continue;
      // The caller of a change, who has nothing more, gains: no change is made up.
      const caller = wayOf(change);
      expect(
        walk(after, caller).has(change.coordinate) && !walk(before, caller).has(change.coordinate),
        JSON.stringify({ seed, change }),
      ).toBe(true);
      expect(findField(after, change.coordinate)).toBeDefined();
    }
  }
  expect(gained).toBeGreaterThan(2000);
});
