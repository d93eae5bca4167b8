import { createLogger } from '@signet/service';
import { expect, test, vi } from 'vitest';
import { createRefusedOrigins } from './refused-origins.ts';

function createLog() {
  const logger = createLogger('test', 'silent');
  const warn = vi.spyOn(logger, 'warn');
  const log = createRefusedOrigins(logger, { entrance: 'user', variable: 'USER_CORS_ORIGINS' });
  return { log, lines: () => warn.mock.calls.map(([line]) => line as unknown as { requests: number }) };
}

test('logs each refused origin at once, then how often it came', () => {
  const { log, lines } = createLog();
  for (let i = 0; i < 5; i += 1) log.add('http://localhost:5199', 'is not listed');
  log.add('http://127.0.0.1:5173', 'belongs to another site');
  log.stop();
  const line = {
    entrance: 'user',
    variable: 'USER_CORS_ORIGINS',
    origin: 'http://localhost:5199',
    why: 'is not listed',
  };
  expect(lines()).toEqual([
    { ...line, requests: 1 },
    { ...line, origin: 'http://127.0.0.1:5173', why: 'belongs to another site', requests: 1 },
    { ...line, requests: 4 },
  ]);
});

test('a flood of invented origins is a bounded number of short lines', () => {
  const { log, lines } = createLog();
  for (let i = 0; i < 3000; i += 1) log.add(`https://${i}.${'x'.repeat(3000)}.example`, 'is not listed');
  log.stop();
  expect(lines().length).toBeLessThan(30);
  expect(lines().reduce((sum, { requests }) => sum + requests, 0)).toBe(3000);
  expect(Math.max(...lines().map((line) => JSON.stringify(line).length))).toBeLessThan(500);
});
