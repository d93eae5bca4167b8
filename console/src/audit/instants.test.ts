import { expect, test } from 'vitest';
import { formatForInput, readInstant } from './instants.ts';

test.each([
  '2026-11-30T15:04',
  '2026-11-30T15:04:05',
  '2026-11-30T15:04:05.067',
  // What an input says while a year is typed. Time zones of that time have seconds.
  '0002-11-30T15:04',
])('%s in an input becomes an instant of any time zone, and the same in the input again', (local) => {
  const instant = readInstant(local);
  expect(instant).toBe(new Date(local).toISOString());
  expect(formatForInput(instant ?? '')).toBe(local);
});

test('an instant of an address is shown in the local time', () => {
  expect(formatForInput('2026-11-30T15:04:00Z')).toBe(formatForInput('2026-11-30T16:04:00+01:00'));
});

test.each(['', 'yesterday', '2026-99-01T00:00'])('“%s” is no time', (text) => {
  expect(readInstant(text)).toBeUndefined();
  expect(formatForInput(text)).toBe('');
});
