import { platformOf, type Session } from '@signet/session/session';
import type { Condition } from './conditions.ts';

/**
 * Decides about one object. `parent` is the object of the field. It may be a representation that the caller wrote: read the owner
 * from the row of its id, never from `parent`.
 */
export type Policy<C> = (
  context: C,
  parent: unknown,
  args: Readonly<Record<string, unknown>>,
) => boolean | Promise<boolean>;

/** The functions of a subgraph's policies.ts, by the names in its rules. */
export type PolicyTable<C> = Readonly<Record<string, Policy<C>>>;

type PolicyJudge = Policy<GuardContext>;

/** Returns the judge of a field's conditions; undefined if they hold no policy. */
export type PolicyJudges = (conditions: readonly Condition[]) => PolicyJudge | undefined;

/**
 * Judges by the functions of a table. The verdict of a rule about an object is cached for the request, because most rules are on
 * a type and apply to each of its fields. A field with arguments is judged each time: a policy may use the arguments.
 *
 * @throws {Error} from the function that it returns, for a name without a function.
 */
export function createPolicyJudges(policies: PolicyTable<GuardContext>): PolicyJudges {
  const known = new Map<string, PolicyJudge>();
  const judgeOf = (anyOf: Alternatives<string>) => {
    const key = JSON.stringify(anyOf);
    const judge = known.get(key) ?? createJudge(anyOf, policies);
    known.set(key, judge);
    return judge;
  };
  return (conditions) => {
    const judges = conditions
      .filter((condition) => condition.kind === 'policies')
      .map(({ anyOf }) => judgeOf(anyOf));
    return judges.length < 2
      ? judges[0]
      : (context, parent, args) => both(judges.map((judge) => () => judge(context, parent, args)));
  };
}

type Alternatives<T> = readonly (readonly T[])[];

function createJudge(anyOf: Alternatives<string>, policies: PolicyTable<GuardContext>): PolicyJudge {
  const rule = anyOf.map((allOf) => allOf.map((name) => getPolicy(policies, name)));
  return keepVerdicts((context, parent, args) => passesOne(rule, context, parent, args));
}

function keepVerdicts(judge: PolicyJudge): PolicyJudge {
  const verdicts = new WeakMap<object, WeakMap<object, boolean | Promise<boolean>>>();
  return (context, parent, args) => {
    if (typeof parent !== 'object' || parent === null || Object.keys(args).length > 0) {
      return judge(context, parent, args);
    }
    let ofRequest = verdicts.get(context);
    if (!ofRequest) {
      ofRequest = new WeakMap();
      verdicts.set(context, ofRequest);
    }
    const known = ofRequest.get(parent);
    if (known !== undefined) {
      return known;
    }
    const verdict = judge(context, parent, args);
    const kept = ofRequest;
    kept.set(parent, verdict);
    if (verdict instanceof Promise) {
      void verdict.then(
        (value) => kept.set(parent, value),
        () => kept.delete(parent),
      );
    }
    return verdict;
  };
}

function passesOne(
  rule: Alternatives<Policy<GuardContext>>,
  context: GuardContext,
  parent: unknown,
  args: Record<string, unknown>,
): boolean | Promise<boolean> {
  return either(
    rule.map(
      (allOf) => () => allOf.length > 0 && both(allOf.map((policy) => () => policy(context, parent, args))),
    ),
  );
}

type Question = () => boolean | Promise<boolean>;

/** Asks in order and stops at the first no. Stays synchronous as long as the answers are. */
function both([first, ...rest]: readonly Question[]): boolean | Promise<boolean> {
  if (!first) {
    return true;
  }
  const answer = first();
  return answer instanceof Promise
    ? answer.then((value) => value === true && both(rest))
    : answer === true && both(rest);
}

/** Asks in order and stops at the first yes. */
function either([first, ...rest]: readonly Question[]): boolean | Promise<boolean> {
  if (!first) {
    return false;
  }
  const answer = first();
  return answer instanceof Promise
    ? answer.then((value) => value === true || either(rest))
    : answer === true || either(rest);
}

function getPolicy(policies: PolicyTable<GuardContext>, name: string): Policy<GuardContext> {
  const policy = Object.hasOwn(policies, name) ? policies[name] : undefined;
  if (!policy) {
    throw new Error(`A rule names the policy '${name}', for which policies.ts has no function.`);
  }
  return policy;
}

/**
 * Policies about a customer, for every subgraph that adds fields to `User`. Only the id of `parent` is read, so a representation
 * can't claim more.
 */
export const customerPolicies = {
  'user.self': ({ session }, parent) => session.platform === 'user' && idOf(parent) === session.userId,
  /** Staff, and service accounts of the portal. */
  'user.staff': ({ session }) =>
    session.platform !== 'none' && platformOf(session) === 'portal' && session.scopes.has('customers:read'),
  /** The caller's address is verified, or nobody asks for that: the tenant does not, or no mail is configured. */
  'account.verified': ({ session }) =>
    session.platform !== 'none' && (session.emailVerified || session.verification === 'waived'),
} as const satisfies PolicyTable<GuardContext>;

/** The `id` of an object, or undefined. */
export function idOf(parent: unknown): string | undefined {
  const id = typeof parent === 'object' && parent !== null && 'id' in parent ? parent.id : undefined;
  return typeof id === 'string' ? id : undefined;
}

/** The part of a subgraph's context that a guard uses. */
export type GuardContext = { session: Session };
