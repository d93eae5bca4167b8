import { expect, test } from 'vitest';
import { RefusalError } from './errors.ts';
import { createLogger } from './logger.ts';
import { createOutageLog } from './outage-log.ts';

function setUp() {
  const lines: { reason: string; fault?: string; err?: { message: string; stack: string } }[] = [];
  const logger = createLogger('test', 'error', { write: (line) => void lines.push(JSON.parse(line)) });
  const clock = { now: 0 };
  return { lines, clock, log: createOutageLog(logger, () => clock.now) };
}

const lost = () => Object.assign(new Error('connect ECONNREFUSED\nin detail'), { code: 'ECONNREFUSED' });
const refusal = (reason: 'auth.unavailable' | 'service.unavailable', cause: unknown = lost()) =>
  new RefusalError(reason, { cause });

test('an outage has one stack, and a line for each refused request', () => {
  const { lines, clock, log } = setUp();
  for (let n = 0; n < 100; n++) {
    clock.now += 50_000;
    log(refusal('service.unavailable'));
  }
  expect(lines).toHaveLength(100);
  expect(lines[0]?.err).toMatchObject({
    message: expect.any(String),
    stack: expect.stringContaining(' at '),
  });
  for (const line of lines.slice(1)) {
    expect(line).toMatchObject({
      reason: 'service.unavailable',
      fault: 'Error ECONNREFUSED: connect ECONNREFUSED',
    });
    expect(line).not.toHaveProperty('err');
  }
});

test('the next outage has a stack of its own, and one for another reason says what it is', () => {
  const { lines, clock, log } = setUp();
  log(refusal('service.unavailable'));
  log(refusal('auth.unavailable'));
  clock.now += 60_000;
  log(refusal('service.unavailable'));
  expect(lines.map(({ err }) => err !== undefined)).toEqual([true, true, true]);
});

test('a refusal that is no outage, or has no cause, is not logged', () => {
  const { lines, log } = setUp();
  log(new RefusalError('auth.failure.expired', { cause: lost() }));
  log(new RefusalError('service.unavailable'));
  expect(lines).toEqual([]);
});
