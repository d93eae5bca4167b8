import { type Caller, callers } from '@signet/access';
import { scopesOfRole, staffRoles } from '@signet/schema/contract';
import type { Answer, Question } from './access-questions.test-support.ts';

/**
 * Public fields whose resolver refuses the other platform's tokens: no rule can say "nobody, or a customer", and a caller who
 * signs out with the other platform's token gets an error.
 */
const refusedByResolver: Readonly<Record<string, readonly Caller[]>> = {
  'Mutation.logout': [...staffRoles, 'user service', 'portal service', 'impersonated'],
  'Mutation.portalLogout': ['user', 'user service', 'portal service', 'impersonated'],
  // Nobody who is signed in exchanges a grant: no chain of people who act as one another.
  'Mutation.beginImpersonation': callers.filter((caller) => caller !== 'anonymous'),
  // For oneself, or with a scope for somebody else, as the argument says.
  'Mutation.cancelStaffFactorReset': staffRoles.filter((role) => !scopesOfRole[role].includes('staff:write')),
};

/** Given by a sign-in, a refresh or a change of password that succeeds only; the callers' own sign-ins have had the first. */
const givenBySignIn = /^(AuthPayload|PasswordChange)\./;

/** What an access rule says, as against wrong credentials. */
const ruleReasons = /^(auth\.failure\.missing_token|authz\..+)$/;

type Refusal = { path: string; code: string };

/**
 * Holds an answer against the rules of the place that was asked: refused at the fields that the caller may not have, and
 * nowhere else; what the caller may have was really resolved, unless `mayBeEmpty` says that no object of this kind exists.
 *
 * @returns what is wrong, or nothing.
 */
export function findFault(question: Question, answer: Answer, mayBeEmpty: boolean): string | undefined {
  const refusals = refusalsOf(answer);
  const odd = (answer.body.errors ?? []).filter(
    ({ extensions: { code, reason } }) =>
      !ruleReasons.test(reason ?? '') &&
      code !== 'BAD_USER_INPUT' &&
      // Of what runs and is refused for its own reason: the credentials, or that it was asked for before.
      reason !== 'auth.failure.invalid_credentials' &&
      reason !== 'auth.throttled',
  );
  if (odd.length > 0) {
    return `it failed: ${odd.map(({ message }) => message).join(' ')}`;
  }
  const code = question.holder.caller === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN';
  const wrongCode = refusals.find((refusal) => refusal.code !== code);
  if (wrongCode) {
    return `it was refused with ${wrongCode.code}, not ${code}`;
  }
  return question.object === 'foreign'
    ? findFaultOfForeign(question, answer)
    : findFaultOfOwn(question, answer, { refusals, mayBeEmpty });
}

/** Somebody else's object: refused, or as if there were none. */
function findFaultOfForeign(question: Question, answer: Answer): string | undefined {
  const { value } = readField(question, answer);
  return isNothing(value) ? undefined : `it gave ${JSON.stringify(value)} of somebody else's`;
}

/** No value, or a page without edges: that somebody exists elsewhere is not told by it. */
function isNothing(value: unknown): boolean {
  const edges = fieldOf(value, 'edges');
  return value === null || value === undefined || (Array.isArray(edges) && edges.length === 0);
}

function findFaultOfOwn(
  question: Question,
  answer: Answer,
  { refusals, mayBeEmpty }: { refusals: readonly Refusal[]; mayBeEmpty: boolean },
): string | undefined {
  const { place, paths, coordinate } = question;
  const refused = question.route.steps.flatMap((step, index) =>
    mayHave(question, step.coordinate) ? [] : [paths[index]],
  );
  // The gateway names every refused field; a subgraph stops at the first, or at the entity's own reference.
  const wanted = place.name === 'gateway' ? refused : refused.slice(0, 1);
  const got = refusals.map(({ path }) => path);
  // No object is a customers' service's: a reference to a customer is refused to it as somebody else's is.
  const mayBeRefused = wanted.length > 0 || question.holder.caller === 'user service';
  const atReference = mayBeRefused && place.name !== 'gateway' && got.join() === '_entities';
  if (!atReference && got.toSorted().join() !== wanted.toSorted().join()) {
    return `it should be refused at [${wanted}], was at [${got}]`;
  }
  if (place.name === 'gateway' && wanted.length > 0 && !isRefusedWhole(question, answer)) {
    return `it was sent to a subgraph, and answered with ${answer.status}`;
  }
  const { isReached } = readField(question, answer);
  if (wanted.length > 0) {
    return isReached && !got.includes(paths.at(-1) ?? '')
      ? 'it was refused, and given all the same'
      : undefined;
  }
  return isReached || mayBeEmpty || givenBySignIn.test(coordinate)
    ? undefined
    : `it was not resolved: ${JSON.stringify(answer.body)}`;
}

/** Before anything was planned: no data, and a status. What a resolver refuses comes beside data. */
function isRefusedWhole(question: Question, { status, body }: Answer): boolean {
  const { caller } = question.holder;
  const refused = question.route.steps.filter(({ coordinate }) => !mayHave(question, coordinate));
  return refused.every(({ coordinate }) => refusedByResolver[coordinate]?.includes(caller))
    ? status === 200
    : body.data === undefined && status === (caller === 'anonymous' ? 401 : 403);
}

function mayHave({ place, holder: { caller } }: Question, coordinate: string): boolean {
  const verdict = place.verdicts.get(coordinate)?.[caller] ?? 'no';
  return verdict !== 'no' && !refusedByResolver[coordinate]?.includes(caller);
}

function refusalsOf({ body }: Answer): Refusal[] {
  return (body.errors ?? [])
    .filter(({ extensions: { reason } }) => ruleReasons.test(reason ?? ''))
    .map(({ path, extensions: { code } }) => ({ path: withoutPositions(path), code }));
}

function withoutPositions(path: readonly (string | number)[] | undefined): string {
  return (path ?? []).filter((segment) => typeof segment === 'string').join('.');
}

/** Whether the asked field was resolved (a value, null, or an error of its own), and to what. */
function readField({ paths }: Question, { body }: Answer): { isReached: boolean; value?: unknown } {
  const path = paths.at(-1) ?? '';
  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce((value: unknown, name) => firstOf(fieldOf(firstOf(value), name)), body.data);
  if (typeof parent === 'object' && parent !== null) {
    return { isReached: last in parent, value: fieldOf(parent, last) };
  }
  return { isReached: (body.errors ?? []).some((error) => withoutPositions(error.path) === path) };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}
