import { describe, expect, it } from 'vitest';
import type { Answer } from './ask.ts';
import { type ConformanceCase, member, nobody } from './cases/case.ts';
import { judge } from './judge.ts';

const refusedCase: ConformanceCase = {
  title: 'a refusal',
  says: 'shape',
  as: nobody,
  operation: '{ open signedIn }',
  refused: { signedIn: 'Query.signedIn' },
};
const allowedCase: ConformanceCase = {
  title: 'all',
  says: 'shape',
  as: member(),
  operation: '{ open signedIn }',
};
const open = 'value of Query.open';
const signedIn = 'value of Query.signedIn';

function answerOf(body: { data?: unknown; errors?: Answer['errors'] }, status = 200, challenge = ''): Answer {
  const { data, errors = [] } = body;
  return { status, challenge, text: JSON.stringify(body), data: data ?? undefined, errors };
}
async function verdictOf(one: ConformanceCase, answer: Answer, ...fetched: string[]): Promise<string> {
  return (await judge(one, answer, new Set(fetched))).verdict;
}
const refusal = { message: 'no', path: ['signedIn'], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } };

describe('where something is refused', () => {
  it('the rest of the data and the operation as a whole both pass', async () => {
    const rest = answerOf({ data: { open, signedIn: null }, errors: [refusal] });
    expect(await verdictOf(refusedCase, rest, 'Query.open')).toBe('pass');
    expect(await verdictOf(refusedCase, answerOf({ data: { open }, errors: [refusal] }))).toBe('pass');
    expect(await verdictOf(refusedCase, answerOf({ errors: [refusal] }))).toBe('pass');
    expect(await verdictOf(refusedCase, answerOf({}, 401))).toBe('pass');
  });

  it.each([
    ['its value', answerOf({ data: { open, signedIn }, errors: [refusal] })],
    ['its value under another name', answerOf({ data: { open, other: signedIn }, errors: [refusal] })],
    ['its value in an error', answerOf({ errors: [{ ...refusal, message: signedIn }] })],
  ])('%s in the answer is a leak', async (_title, answer) => {
    expect(await verdictOf(refusedCase, answer)).toBe('leak');
  });

  it('an object in the answer is a leak, one that holds nothing is not', async () => {
    const one = { ...refusedCase, operation: '{ open me { username } }', refused: { me: 'Query.me' } };
    const holding = { open, me: { username: 'value of User.username' } };
    expect(await verdictOf(one, answerOf({ data: holding, errors: [refusal] }))).toBe('leak');
    expect(
      await verdictOf(one, answerOf({ data: { open, me: { username: null } }, errors: [refusal] })),
    ).toBe('pass');
  });

  it('a mutation that ran is a leak whatever the answer', async () => {
    const one = {
      ...refusedCase,
      operation: 'mutation { signedInChange }',
      refused: { signedInChange: 'Mutation.signedInChange' },
    };
    expect(await verdictOf(one, answerOf({ errors: [refusal] }), 'Mutation.signedInChange')).toBe('leak');
    expect(await verdictOf(one, answerOf({ errors: [refusal] }))).toBe('pass');
  });

  it.each([
    ['a subgraph that was asked for it', answerOf({ errors: [refusal] }), ['Query.signedIn']],
    ['no error', answerOf({ data: { open, signedIn: null } }), []],
    ['neither data nor error', answerOf({ data: null }), []],
    [
      'a sibling that is missing',
      answerOf({ data: { signedIn: null, open: 'else' }, errors: [refusal] }),
      [],
    ],
  ])('%s is wrong', async (_title, answer, fetched) => {
    expect(await verdictOf(refusedCase, answer, ...fetched)).toBe('wrong');
  });

  it('path and code are judged where the case is about them, without positions in lists', async () => {
    const one = {
      ...refusedCase,
      judgesErrors: true,
      operation: '{ users { username bio } }',
      refused: { 'users.bio': 'User.bio' },
    };
    const username = 'value of User.username';
    const data = { users: [{ username }, { username }] };
    const withError = (error: Answer['errors'][number]) =>
      verdictOf(one, answerOf({ data, errors: [error] }));
    for (const path of [
      ['users', '@', 'bio'],
      ['users', 0, 'bio'],
      ['users', 'bio'],
    ]) {
      expect(await withError({ ...refusal, path })).toBe('pass');
    }
    expect(await withError({ ...refusal, path: ['users'] })).toBe('wrong');
    expect(await withError({ message: 'no', path: ['users', 'bio'] })).toBe('wrong');
  });
});

describe('the challenge of RFC 9470', () => {
  const stepUp = 'Bearer error="insufficient_user_authentication", max_age="300"';
  it.each<[string, number | 'none' | undefined, Answer, string]>([
    ['the right one', 300, answerOf({ errors: [refusal] }, 401, stepUp), 'pass'],
    ['one with another number', 60, answerOf({ errors: [refusal] }, 401, stepUp), 'wrong'],
    ['one with another status', 300, answerOf({ errors: [refusal] }, 403, stepUp), 'wrong'],
    ['another one', 300, answerOf({ errors: [refusal] }, 401, 'Bearer error="invalid_token"'), 'wrong'],
    ['none', 300, answerOf({ errors: [refusal] }, 401), 'wrong'],
    ['none where none is right', 'none', answerOf({ errors: [refusal] }, 403), 'pass'],
    ['one where none is right', 'none', answerOf({ errors: [refusal] }, 401, stepUp), 'wrong'],
    ['none where the case is not about it', undefined, answerOf({ errors: [refusal] }, 401), 'pass'],
    ['none beside the rest of the data', 300, answerOf({ data: { open }, errors: [refusal] }), 'pass'],
  ])('%s', async (_title, challenge, answer, verdict) => {
    const one = { ...refusedCase, ...(challenge !== undefined && { challenge }) };
    expect(await verdictOf(one, answer)).toBe(verdict);
  });
});

describe('where all is allowed', () => {
  it('the data and nothing else passes', async () => {
    expect(await verdictOf(allowedCase, answerOf({ data: { open, signedIn } }))).toBe('pass');
    expect(await verdictOf(allowedCase, answerOf({ data: { open, signedIn: null } }))).toBe('wrong');
    expect(await verdictOf(allowedCase, answerOf({ data: { open, signedIn }, errors: [refusal] }))).toBe(
      'wrong',
    );
    expect(await verdictOf(allowedCase, answerOf({ errors: [refusal] }))).toBe('wrong');
  });
});
