import type { IncomingMessage } from 'node:http';
import { createLogger } from '@signet/service';
import type { UserSession } from '@signet/session';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRequestLog, type LoggedRequests } from './request-log.ts';
import { RequestTelemetry } from './request-telemetry.ts';

const written: string[] = [];
const logger = createLogger('gateway', 'info', { write: (line) => void written.push(line) });
beforeEach(() => {
  written.length = 0;
});

function requestOf(headers: Record<string, string> = {}) {
  return new RequestTelemetry('id', 'user', { headers, method: 'POST' } as unknown as IncomingMessage);
}

/** All that was written, each line read. */
const readLines = () => written.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the line of a request', () => {
  it('begins and ends as the other lines of the logger', () => {
    logger.child({ part: 'a "part"' }).info({ entrance: 'user' }, 'another');
    createRequestLog(logger.child({ part: 'a "part"' }), 'all')?.(requestOf());
    const [{ time: _, ...other } = {}, { time, ...line } = {}] = readLines();
    expect(line).toMatchObject({ ...other, msg: 'request' });
    expect(Math.abs(Number(time) - Date.now())).toBeLessThan(60_000);
    expect(written[1]).toMatch(/\}\n$/);
  });

  it('is one line of JSON, whatever ids a foreign issuer gives and whatever a number is', () => {
    const strange = 'a"b\\c\nd\u2028\ud800{"level":60}';
    const request = requestOf({ 'graphql-client-name': 'a "web" \\ client' });
    request.session = { platform: 'user', userId: strange, tenantId: strange } as UserSession;
    request.tenantSlug = 'no "slug"';
    request.cost = Number.POSITIVE_INFINITY;
    request.operation = { name: 'Mine', type: 'query', hash: 'abc', fields: undefined };
    request.answered([{ message: '', extensions: { code: 'FORBIDDEN', reason: 'authz.scope.deny' } }], false);
    createRequestLog(logger, 'all')?.(request);
    expect(written).toHaveLength(1);
    expect(written[0]?.indexOf('\n')).toBe((written[0]?.length ?? 0) - 1);
    expect(readLines()[0]).toMatchObject({
      account: strange,
      tenant: strange,
      client: 'a "web" \\ client',
      cost: null,
      operation: 'Mine',
      code: 'FORBIDDEN',
      reasons: ['authz.scope.deny'],
    });
    expect(readLines()[0]).not.toHaveProperty('tenantSlug');
  });

  it.each<[LoggedRequests, string[]]>([
    ['all', ['ok', 'refused']],
    ['failures', ['refused']],
    ['none', []],
  ])('is written for the requests of LOG_REQUESTS=%s', (logged, outcomes) => {
    const log = createRequestLog(logger, logged);
    for (const status of [200, 404]) {
      const request = requestOf();
      request.ended(status, true);
      log?.(request);
    }
    expect(readLines().map(({ outcome }) => outcome)).toEqual(outcomes);
  });
});
