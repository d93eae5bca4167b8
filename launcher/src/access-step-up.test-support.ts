import { conditionsOf, type RuleBook } from '@signet/access';
import { getNamedType } from 'graphql';
import type { TokenHolder } from './access-callers.test-support.ts';
import type { Place } from './access-places.test-support.ts';
import {
  type Answer,
  createQuestions,
  type Question,
  writeQuestion,
} from './access-questions.test-support.ts';

/**
 * How recent a sign-in must be for a field: the smallest number of the rules on the field and its type, and on the type that it returns where
 * that is given.
 */
function secondsOf(rules: RuleBook, coordinate: string, returned = ''): number | undefined {
  const [type = '', field = ''] = coordinate.split('.');
  const conditions = [
    ...(conditionsOf(rules, type, field) ?? []),
    ...(rules.get(returned)?.conditions ?? []),
  ];
  const all = conditions.flatMap((one) => (one.kind === 'recentAuth' ? [one.seconds] : []));
  return all.length > 0 ? Math.min(...all) : undefined;
}

/** The coordinates that ask for a recent sign-in by their own rule or their type's. */
export function findStepUpFields(rules: RuleBook): string[] {
  return [...rules]
    .flatMap(([type, { fields }]) => [...fields.keys()].map((field) => `${type}.${field}`))
    .filter((coordinate) => secondsOf(rules, coordinate) !== undefined);
}

/** The question whether a caller with the scopes, whose sign-in is an hour old, gets the field. None for who may not have all of the way to it. */
export function createOldQuestion(
  coordinate: string,
  place: Place,
  holder: TokenHolder,
): Question | undefined {
  const [question] = createQuestions(coordinate, place, holder);
  const isAllowed = question?.route.steps.every(
    (step) => (place.verdicts.get(step.coordinate)?.[holder.caller] ?? 'no') !== 'no',
  );
  return isAllowed ? question : undefined;
}

export function askWithOldToken(question: Question): Promise<Answer> {
  return question.place.ask(writeQuestion(question), question.holder.oldToken);
}

/**
 * Holds the answer to a token of an old sign-in against the rules: the gateway refuses the operation with RFC 9470's challenge and names each
 * field that asks for a recent sign-in, a subgraph refuses the first of them beside data.
 *
 * @returns what is wrong, or nothing.
 */
export function findStepUpFault({ place, route, paths }: Question, { status, headers, body }: Answer) {
  const asked = route.steps.flatMap((step, index) => {
    const maxAge = secondsOf(place.rules, step.coordinate, getNamedType(step.field.type).name);
    return maxAge === undefined ? [] : [{ path: paths[index] ?? '', maxAge }];
  });
  const isGateway = place.name === 'gateway';
  const wanted = (isGateway ? asked : asked.slice(0, 1)).map(
    ({ path, maxAge }) => `${path} FORBIDDEN authz.step_up.required ${maxAge}`,
  );
  const got = (body.errors ?? []).map(({ path = [], extensions: { code, reason, ...rest } }) => {
    const names = path.filter((segment) => typeof segment === 'string').join('.');
    return `${names} ${code} ${reason} ${(rest as { stepUp?: { maxAge: number } }).stepUp?.maxAge}`;
  });
  if (got.toSorted().join() !== wanted.toSorted().join()) {
    return `it should be refused by [${wanted}], was by [${got}]`;
  }
  const challenge = headers.get('www-authenticate') ?? '';
  if (!isGateway) return status === 200 ? undefined : `the status is ${status}`;
  if (status !== 401 || body.data !== undefined)
    return `it was sent to a subgraph, and answered with ${status}`;
  const smallest = Math.min(...asked.map(({ maxAge }) => maxAge));
  return challenge.includes('error="insufficient_user_authentication"') &&
    challenge.includes(`max_age="${smallest}"`)
    ? undefined
    : `the challenge is ${challenge}`;
}
