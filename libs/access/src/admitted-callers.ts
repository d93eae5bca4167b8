import { type CallerKind, callerKinds } from '@signet/schema/contract';
import { type ConstValueNode, Kind } from 'graphql';
import type { Condition } from './conditions.ts';

/** Which kinds of callers a rule admits: `@callers(are:)`. */
export type CallersCondition = { kind: 'callers'; are: readonly CallerKind[] };

/** What a rule says that has no `@callers`: a person, and no other kind of caller. So a forgotten `@callers` refuses. */
export const personsOnly: CallersCondition = Object.freeze({ kind: 'callers', are: ['person'] as const });

/** `a list of PERSON, SERVICE and IMPERSONATED`, for messages. */
export const callersForm = 'a list of PERSON, SERVICE and IMPERSONATED that is not empty';

/** The kinds in `@callers(are:)`. Undefined for what may not stand there. GraphQL lets a list of one be written without its brackets. */
export function readCallers(value: ConstValueNode | undefined): readonly CallerKind[] | undefined {
  const items = value?.kind === Kind.LIST ? value.values : value === undefined ? [] : [value];
  const named = items.map((item) =>
    item.kind === Kind.ENUM ? callerKinds.find((kind) => kind.toUpperCase() === item.value) : undefined,
  );
  const are = callerKinds.filter((kind) => named.includes(kind));
  return are.length === 0 || named.includes(undefined) ? undefined : are;
}

/** The kinds that every one of several conditions admits. Undefined where none of them is about callers. */
export function admittedCallers(conditions: readonly Condition[]): readonly CallerKind[] | undefined {
  const lists = conditions.flatMap((one) => (one.kind === 'callers' ? [one.are] : []));
  const [first, ...others] = lists;
  return (
    first && (others.length === 0 ? first : first.filter((kind) => others.every((are) => are.includes(kind))))
  );
}

/**
 * The conditions of several rules, which all hold, as one list: platforms, then the callers that each rule admits, then the rest. A refusal
 * names the first that is not met.
 */
export function joinConditions(...rules: readonly (readonly Condition[])[]): readonly Condition[] {
  const all = rules.flat();
  const are = admittedCallers(all);
  if (are === undefined) return all;
  const isFirst = ({ kind }: Condition) => kind === 'authenticated' || kind === 'platform';
  const callers: CallersCondition = { kind: 'callers', are };
  return [...all.filter(isFirst), callers, ...all.filter((one) => !isFirst(one) && one.kind !== 'callers')];
}

/** `person or service`, as the matrix has it. */
export function describeCallers(are: readonly CallerKind[]): string {
  return are.length === 0 ? 'no caller' : are.join(' or ');
}
