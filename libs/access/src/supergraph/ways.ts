import type { Condition } from '../conditions.ts';
import { describeRecentAuth } from '../recent-sign-in.ts';

/**
 * One way to meet a rule: everything that a caller needs for it, such as `scope a` and `scope b`. Nothing at all is everybody's.
 * A caller who has all of a way passes, and so does everybody who has more. At most one need is a recent sign-in (`recent 300 s`), which
 * a more recent one meets too. `kind person` is the need of everybody but services and impersonated customers, also without a token.
 */
export type Way = ReadonlySet<string>;

export const signedIn = 'authenticated';
export const person = 'kind person';

/** How many ways are kept for a type or a field. Real schemas have a handful; the rest is rounded. */
const maxWays = 100;

/**
 * Every way to meet a rule. None for a field without a rule, and for a rule that nobody can meet: an empty list, two platforms.
 * A scope or a platform needs a token. A policy alone does not: Apollo's specification leaves that to the policy.
 */
export function waysOf(conditions: readonly Condition[] | undefined): readonly Way[] {
  if (conditions === undefined) return [];
  return minimize(conditions.map(alternativesOf).reduce(combine, [new Set()]));
}

function alternativesOf(condition: Condition): readonly Way[] {
  switch (condition.kind) {
    case 'authenticated':
      return [new Set([signedIn])];
    case 'platform':
      return [new Set([signedIn, `platform ${condition.is}`])];
    case 'callers':
      return condition.are.map((kind) => new Set(kind === 'person' ? [person] : [signedIn, `kind ${kind}`]));
    case 'recentAuth':
      return [new Set([signedIn, describeRecentAuth(condition)])];
    default: {
      const kind = condition.kind === 'scopes' ? 'scope' : 'policy';
      return condition.anyOf
        .filter((allOf) => allOf.length > 0 && allOf.every((name) => name !== ''))
        .map(
          (allOf) =>
            new Set([...(kind === 'scope' ? [signedIn] : []), ...allOf.map((name) => `${kind} ${name}`)]),
        );
    }
  }
}

/** The ways to meet both of two rules. */
export function combine(a: readonly Way[], b: readonly Way[]): readonly Way[] {
  if (asksNothing(a)) return b;
  if (asksNothing(b)) return a;
  const both = a.flatMap((one) => b.map((other) => joinWays(one, other)));
  return minimize(both.filter(isPossible));
}

/** Nobody is on two platforms or of two kinds. Only a person has signed in. */
function isPossible(way: Way): boolean {
  const kinds = [...way].filter((need) => need.startsWith('kind '));
  const isOther = kinds.some((kind) => kind !== person);
  return (
    !(way.has('platform user') && way.has('platform portal')) &&
    !(way.has('platform portal') && way.has('kind impersonated')) &&
    kinds.length < 2 &&
    !(isOther && [...way].some(isRecent))
  );
}

/** All needs of both. Of two recent sign-ins, the more recent one. */
function joinWays(one: Way, other: Way): Way {
  const all = new Set([...one, ...other]);
  const seconds = recentSecondsOf(all);
  for (const need of all) {
    if (isRecent(need) && readRecent(need) > seconds) all.delete(need);
  }
  return all;
}

/** Whether a need is a recent sign-in. */
export function isRecent(need: string): boolean {
  return need.startsWith('recent ');
}

function readRecent(need: string): number {
  return Number.parseInt(need.slice('recent '.length), 10);
}

/** The seconds of a way's recent sign-in. Infinite where it needs none. */
function recentSecondsOf(way: Way): number {
  let least = Number.POSITIVE_INFINITY;
  for (const need of way) {
    if (isRecent(need)) least = Math.min(least, readRecent(need));
  }
  return least;
}

function asksNothing(ways: readonly Way[]): boolean {
  return ways.length === 1 && ways[0]?.size === 0;
}

/** Without the ways that ask for more than another one does. */
export function minimize(ways: readonly Way[]): readonly Way[] {
  if (ways.length < 2) return ways;
  const kept: Way[] = [];
  for (const way of ways.toSorted((a, b) => a.size - b.size || compareRecent(a, b))) {
    if (!meets(way, kept)) kept.push(way);
  }
  return kept;
}

/** The less recent sign-in first, which asks for less. */
function compareRecent(a: Way, b: Way): number {
  const [first, second] = [recentSecondsOf(a), recentSecondsOf(b)];
  return first === second ? 0 : second - first;
}

/** Whether a caller who has this way passes by one of the others. */
export function meets(way: Way, others: readonly Way[]): boolean {
  return others.some((other) => isPart(other, way));
}

/** Whether two lists of smallest ways let the same callers pass. */
export function areSame(a: readonly Way[], b: readonly Way[]): boolean {
  return a.length === b.length && a.every((way) => meets(way, b)) && b.every((way) => meets(way, a));
}

function isPart(part: Way, whole: Way): boolean {
  for (const need of part) {
    if (!whole.has(need) && !(isRecent(need) && recentSecondsOf(whole) <= readRecent(need))) return false;
  }
  return true;
}

/**
 * At most `maxWays` ways. Rounded `up`, everybody who had one still has one, and a few more may; rounded `down`, a few have none. Who
 * compares an older schema rounded down with a newer one rounded up misses no gain.
 */
export function round(ways: readonly Way[], direction: 'up' | 'down'): readonly Way[] {
  if (ways.length <= maxWays) return ways;
  const rest = ways.slice(maxWays - 1);
  const shared = new Set([...(rest[0] ?? [])].filter((need) => rest.every((way) => way.has(need))));
  return direction === 'down' ? ways.slice(0, maxWays) : minimize([...ways.slice(0, maxWays - 1), shared]);
}

/**
 * A caller's name, from what the caller has: `anonymous`, `authenticated`, `portal with scope a and scope b`. Equal ways have equal
 * names.
 */
export function callerOf(way: Way): string {
  const namesOf = (kind: string) => [...way].filter((name) => name.startsWith(`${kind} `)).sort();
  const [platform] = namesOf('platform');
  const [kind = person] = namesOf('kind');
  const place = platform?.slice('platform '.length);
  const caller =
    kind === person
      ? (place ?? (way.has(signedIn) ? signedIn : 'anonymous'))
      : [place, kind.slice('kind '.length)].filter((name) => name !== undefined).join(' ');
  const more = [...namesOf('scope'), ...namesOf('policy'), ...namesOf('recent')];
  return more.length > 0 ? `${caller} with ${more.join(' and ')}` : caller;
}
