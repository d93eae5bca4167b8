import type { Condition } from './conditions.ts';
import type { GuardContext } from './guard-schema.ts';

/**
 * Decides about one object. `parent` is what the field stands on. A caller may have written it, as a representation, so
 * an owner is read from the row that its id names, never from it.
 */
export type Policy<C> = (
  context: C,
  parent: unknown,
  args: Readonly<Record<string, unknown>>,
) => boolean | Promise<boolean>;

/** The functions of a subgraph's policies.ts, by the names that its rules use. */
export type PolicyTable<C> = Readonly<Record<string, Policy<C>>>;

export type PolicyJudge = Policy<GuardContext>;

/**
 * One function for all policies of a rule. Its verdict about an object is kept for the request, since most rules stand on
 * a type and are asked for each of its fields; a field with arguments is asked anew, they may count.
 *
 * @throws {Error} for a name without a function.
 */
export function createPolicyJudge(
  conditions: readonly Condition[],
  policies: PolicyTable<GuardContext>,
): PolicyJudge | undefined {
  const rules = conditions
    .filter((condition) => condition.kind === 'policies')
    .map(({ anyOf }) => anyOf.map((allOf) => allOf.map((name) => getPolicy(policies, name))));
  if (rules.length === 0) {
    return undefined;
  }
  const judge: PolicyJudge = (context, parent, args) =>
    both(rules.map((rule) => () => passesOne(rule, context, parent, args)));
  return keepVerdicts(judge);
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

type Alternatives = readonly (readonly Policy<GuardContext>[])[];

function passesOne(
  rule: Alternatives,
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

/** Asks in order and stops at the first no. Stays synchronous while the answers are. */
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
