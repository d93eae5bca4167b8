import type { Environment } from './config.ts';

/** A variable that begins like this is meant as a setting of Signet. */
const familiesOfOneProcess = ['LIMIT_', 'THROTTLE_'];

/**
 * A fault for each variable of `env` that is not one of `names` and is probably a mistyped one. A variable `X` may also
 * be written as `X_FILE`. The environment holds variables of many other programs, so a short word is never reported, and a
 * variable is reported only if one letter (in a long name two) makes the difference, or if its name begins like one of a
 * family. `families` must be complete in `names`: unless `names` has one of a family, the family is ignored.
 */
export function findMistypedVariables(
  names: readonly string[],
  env: Environment,
  families: readonly string[] = familiesOfOneProcess,
): string[] {
  const known = new Set(names.flatMap((name) => [name, `${name}_FILE`]));
  const ownFamilies = families.filter((family) => names.some((name) => name.startsWith(family)));
  return Object.keys(env)
    .filter((variable) => env[variable] && !known.has(variable) && isLikeSetting(variable))
    .flatMap((variable) => {
      const allowed = variable.length < 10 ? 1 : 2;
      const family = ownFamilies.find((one) => variable.startsWith(one));
      const candidates = family
        ? names.filter((name) => name.startsWith(family))
        : [...known].filter(
            (name) => Math.abs(name.length - variable.length) <= allowed && !isItsPair(name, variable),
          );
      const nearest = findNearest(variable, candidates, family ? Number.POSITIVE_INFINITY : allowed);
      return family || nearest.distance <= allowed
        ? [`${variable}: is not a setting. Did you mean ${nearest.name}?`]
        : [];
    });
}

const hostOrPort = /_(HOST|PORT)(_FILE)?$/;

/** Two letters apart, and nobody types one for the other: the address and the port of the same thing. */
function isItsPair(name: string, variable: string): boolean {
  return hostOrPort.test(name) && name.replace(hostOrPort, '') === variable.replace(hostOrPort, '');
}

function isLikeSetting(variable: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(variable) && (variable.includes('_') || variable.length >= 7);
}

/** Its `distance` is infinite where no name is within the limit. */
function findNearest(
  variable: string,
  names: readonly string[],
  limit: number,
): { name: string; distance: number } {
  let nearest = { name: '', distance: Number.POSITIVE_INFINITY };
  for (const name of names) {
    const distance = distanceBetween(variable, name, limit);
    if (distance < nearest.distance) nearest = { name, distance };
  }
  return nearest;
}

/**
 * How many letters must be added, left out, replaced, or exchanged with their neighbour (Damerau-Levenshtein). Infinite as soon
 * as it is certain to be beyond the limit.
 */
function distanceBetween(a: string, b: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      let least = Math.min(at(current, column - 1) + 1, at(last, column) + 1);
      least = Math.min(least, at(last, column - 1) + (isSame ? 0 : 1));
      const isExchange = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && isExchange) least = Math.min(least, at(beforeLast, column - 2) + 1);
      current.push(least);
    }
    // A later row builds on the last two.
    if (Math.min(...current) > limit && Math.min(...last) > limit) return Number.POSITIVE_INFINITY;
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
