import { describe, expect, it } from 'vitest';
import { createFaultLog, isServerAway } from './server-away.ts';

const withCode = (code: string, message = 'no') => Object.assign(new Error(message), { code });

describe('isServerAway', () => {
  it.each([
    withCode('ECONNREFUSED'),
    withCode('57P01', 'terminating connection due to administrator command'),
    withCode('57P03', 'the database system is starting up'),
    withCode('08006'),
    new Error('Connection terminated unexpectedly'),
    new Error('read', { cause: withCode('ECONNRESET') }),
    new AggregateError([withCode('ECONNREFUSED'), withCode('57P01')], 'in part'),
  ])('is true of %s', (error) => expect(isServerAway(error)).toBe(true));

  it.each([
    withCode('57014', 'canceling statement due to statement timeout'),
    withCode('42501'),
    new AggregateError([withCode('ECONNREFUSED'), withCode('42501')], 'in part'),
    new AggregateError([]),
    'ECONNREFUSED',
  ])('is false of %s', (error) => expect(isServerAway(error)).toBe(false));
});

it('a loop says once that a server is away, whichever way it fails, and other faults as they change', () => {
  const said: string[] = [];
  const log = createFaultLog({
    failing: (error) => said.push((error as Error).message),
    working: () => said.push('works'),
  });
  log.worked();
  for (const code of ['57P01', 'ECONNREFUSED', '57P03', 'ECONNREFUSED']) log.failed(withCode(code, code));
  log.worked();
  log.worked();
  for (const message of ['a', 'a', 'b']) log.failed(new Error(message));
  log.failed(withCode('57P01', 'away again'));
  expect(said).toEqual(['57P01', 'works', 'a', 'b', 'away again']);
});
