import {
  type Platform,
  platformDenyText,
  type Reason,
  type RecordedCondition,
  type StepUp,
} from '@signet/schema/contract';
import { callerKindOf, platformOf, type Session } from '@signet/session/session';
import { admittedCallers, type CallersCondition } from './admitted-callers.ts';
import { isSignInRecent } from './recent-sign-in.ts';

/** One condition of a rule. A rule is a list of conditions, and all must hold; an empty list is public. */
export type Condition =
  | { kind: 'authenticated' }
  | { kind: 'platform'; is: Platform }
  /** The caller must be of one of these kinds. */
  | CallersCondition
  /** The session must hold all scopes of one of the inner lists. */
  | { kind: 'scopes'; anyOf: readonly (readonly string[])[] }
  /** All policies of one of the inner lists must hold. A subgraph decides, or the token, which then names those that hold. */
  | { kind: 'policies'; anyOf: readonly (readonly string[])[]; decidedBy?: 'token' }
  /** The person must have proved who they are in the last `seconds`. */
  | { kind: 'recentAuth'; seconds: number };

/** The reason of a refusal. `text` is public. `stepUp`: a token with a newer sign-in would pass. */
export type Refusal = { reason: Reason; text?: string; stepUp?: StepUp };

const noPolicies: ReadonlySet<string> = new Set();

/**
 * Checks the conditions that need only the session. Policies are left to the subgraph, except those that the token decides. How long
 * ago the person signed in is checked last: nobody is asked to sign in again for what they may not have anyway.
 *
 * @param now seconds since 1970
 * @returns the refusal by the first condition that does not hold, or undefined.
 */
export function judgeSession(
  conditions: readonly Condition[],
  session: Session,
  now?: number,
): Refusal | undefined {
  let maxAge = Number.POSITIVE_INFINITY;
  for (const condition of conditions) {
    if (session.platform === 'none') {
      return { reason: 'auth.failure.missing_token' };
    }
    if (condition.kind === 'platform' && condition.is !== platformOf(session)) {
      return { reason: 'authz.platform.deny', text: platformDenyText(condition.is, platformOf(session)) };
    }
    if (condition.kind === 'callers' && !condition.are.includes(callerKindOf(session))) {
      return { reason: 'authz.caller.deny' };
    }
    if (condition.kind === 'scopes' && !holdsOne(condition.anyOf, session.scopes)) {
      return { reason: 'authz.scope.deny', text: scopeDenyText(condition.anyOf) };
    }
    if (
      condition.kind === 'policies' &&
      condition.decidedBy === 'token' &&
      !holdsOne(condition.anyOf, session.policies ?? noPolicies)
    ) {
      return { reason: 'authz.permission.deny' };
    }
    if (condition.kind === 'recentAuth' && condition.seconds < maxAge) {
      maxAge = condition.seconds;
    }
  }
  if (maxAge === Number.POSITIVE_INFINITY || session.platform === 'none') {
    return undefined;
  }
  return isSignInRecent(session, maxAge, now ?? Date.now() / 1000)
    ? undefined
    : { reason: 'authz.step_up.required', stepUp: { maxAge } };
}

/** Says of each condition of a rule whether the session meets it, by `judgeSession`. For an explanation after the refusal. */
export function explainConditions(
  conditions: readonly Condition[],
  session: Session,
  now?: number,
): RecordedCondition[] {
  return conditions.map((condition) => {
    const isOpen =
      condition.kind === 'policies' && condition.decidedBy !== 'token' && session.platform !== 'none';
    const isMet = isOpen ? undefined : judgeSession([condition], session, now) === undefined;
    const { kind } = condition;
    switch (condition.kind) {
      case 'platform':
        return { kind, anyOf: [[condition.is]], isMet };
      case 'callers':
        return { kind, anyOf: condition.are.map((caller) => [caller]), isMet };
      case 'scopes':
      case 'policies':
        return { kind, anyOf: condition.anyOf, isMet };
      case 'recentAuth':
        return { kind, seconds: condition.seconds, isMet };
      default:
        return { kind, isMet };
    }
  });
}

/**
 * An empty list can't be met: a rule that was left empty refuses everybody. Plain loops, since a page of fifty objects calls this
 * a thousand times.
 */
function holdsOne(anyOf: readonly (readonly string[])[], held: ReadonlySet<string>): boolean {
  for (const allOf of anyOf) {
    if (allOf.length > 0 && holdsAll(allOf, held)) {
      return true;
    }
  }
  return false;
}

function holdsAll(allOf: readonly string[], held: ReadonlySet<string>): boolean {
  for (const name of allOf) {
    if (!held.has(name)) {
      return false;
    }
  }
  return true;
}

function scopeDenyText(anyOf: readonly (readonly string[])[]): string {
  const alternatives = anyOf.map((allOf) => allOf.map((scope) => `'${scope}'`).join(' and '));
  return `This field requires the scope ${alternatives.join(' or ')}.`;
}

/** Of the combinations of alternatives that `impliedTogether` looks at. Beyond it says no, which refuses more. */
const maxCombinations = 1_000;

/** Whether every session that meets all of `given` also meets `condition`: also where it takes several of them. */
export function impliedTogether(given: readonly Condition[], condition: Condition): boolean {
  if (implies(given, condition)) return true;
  if (condition.kind !== 'scopes' && condition.kind !== 'policies') return false;
  let unions: ReadonlySet<string>[] = [new Set()];
  for (const held of given) {
    if (held.kind !== condition.kind) continue;
    unions = unions.flatMap((names) => held.anyOf.map((allOf) => new Set([...names, ...allOf])));
    if (unions.length > maxCombinations) return false;
  }
  return unions.every((names) =>
    condition.anyOf.some((wanted) => wanted.length > 0 && holdsAll(wanted, names)),
  );
}

/** Whether every session that meets `given` also meets `condition`. */
export function implies(given: readonly Condition[], condition: Condition): boolean {
  switch (condition.kind) {
    case 'authenticated':
      return given.length > 0;
    case 'platform':
      return given.some((held) => held.kind === 'platform' && held.is === condition.is);
    case 'callers': {
      const admitted = admittedCallers(given);
      return admitted?.every((kind) => condition.are.includes(kind)) ?? false;
    }
    case 'recentAuth':
      return given.some((held) => held.kind === 'recentAuth' && held.seconds <= condition.seconds);
    default:
      return given.some(
        (held) =>
          held.kind === condition.kind &&
          held.anyOf.every((allOf) =>
            condition.anyOf.some(
              (wanted) => wanted.length > 0 && wanted.every((name) => allOf.includes(name)),
            ),
          ),
      );
  }
}
