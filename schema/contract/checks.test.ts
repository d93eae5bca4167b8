import { expect, it } from 'vitest';
import { checkOf, checks, subgraphCheckOf } from './checks.ts';
import { type ErrorCode, errorTable } from './errors.ts';

const reasons = Object.entries(errorTable).flatMap(([code, row]) =>
  Object.keys(row.reasons).map((reason) => [code as ErrorCode, reason] as const),
);

/** Refused with by several checks of an entrance, each of which says that it was it. */
const ofSeveral = ['authz.permission.deny', 'auth.unavailable', 'service.unavailable'];

it('the table of checks has each reason of the table of errors once, but for those that several refuse with', () => {
  const unnamed = reasons.filter(([code, reason]) => checkOf(code, reason) === undefined);
  expect(unnamed.map(([, reason]) => reason)).toEqual(ofSeveral);
});

it('every reason that a subgraph may refuse with is of one of the checks there', () => {
  const ofSubgraphs = checks.slice(checks.indexOf('SUBGRAPH'));
  for (const [code, reason] of reasons) expect(ofSubgraphs).toContain(subgraphCheckOf(code, reason));
  expect(subgraphCheckOf('INTERNAL_SERVER_ERROR', undefined)).toBe('FAULT');
  expect(subgraphCheckOf('FORBIDDEN', 'a reason of their own')).toBe('FAULT');
  expect(subgraphCheckOf('BAD_USER_INPUT', undefined)).toBe('INPUT');
});
