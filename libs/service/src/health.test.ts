import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { answerHealth, createHealth, type Health, type ReadinessCheck } from './health.ts';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { listen } from './run-process.ts';

const logger = createLogger('test', 'silent');

function open(checks: readonly ReadinessCheck[], state = { isStarted: true, isStopping: false }): Health {
  return createHealth({
    checks,
    logger,
    isStarted: () => state.isStarted,
    isStopping: () => state.isStopping,
  });
}

const askReady = async (health: Health, isPublic = false) => {
  const answer = await answerHealth(health, '/health/ready', { isPublic });
  return [answer?.status, answer?.body];
};

test('serves on while something is lacking, and says what', async () => {
  const lacking: { reason?: string } = { reason: 'late by a minute' };
  const health = open([
    { name: 'feed', check: () => undefined, findLack: () => lacking.reason, measure: () => ({ read: 60 }) },
  ]);
  const measures = { feed: { read: 60 } };
  const reasons = [{ name: 'feed', reason: 'late by a minute' }];
  expect(await askReady(health)).toEqual([200, { status: 'degraded', reasons, measures }]);
  delete lacking.reason;
  await expect.poll(() => askReady(health)).toEqual([200, { status: 'ready', measures }]);
});

test('strangers learn whether it is ready and no more, and the log has the reasons once', async () => {
  const warn = vi.spyOn(logger, 'warn').mockClear();
  const info = vi.spyOn(logger, 'info').mockClear();
  let fault: string | undefined = 'can not be reached for 1 s';
  const check = vi.fn(() => fault);
  const health = open([{ name: 'database', check, measure: () => ({ lagMs: 7 }) }]);
  expect(await askReady(health, true)).toEqual([503, { status: 'not ready' }]);
  fault = 'can not be reached for 2 s';
  await expect
    .poll(async () => {
      expect(await askReady(health, true)).toEqual([503, { status: 'not ready' }]);
      return check.mock.calls.length;
    })
    .toBeGreaterThan(1);
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { reasons: [{ name: 'database', reason: 'can not be reached for 1 s' }] },
    'the process is not ready',
  );
  fault = undefined;
  await expect.poll(() => askReady(health, true)).toEqual([200, { status: 'ready' }]);
  expect(info).toHaveBeenCalledWith('the process is ready again');
});

test('a check that throws is a reason without the cause', async () => {
  const health = open([{ name: 'a', check: () => Promise.reject(new Error('postgres://u:secret@h')) }]);
  expect((await health.readReadiness()).reasons).toEqual([{ name: 'a', reason: 'the check failed' }]);
});

test('a check without an answer is a reason after a second, also for those who ask meanwhile', async () => {
  const check = vi.fn(() => new Promise<undefined>(() => {}));
  const health = open([{ name: 'database', check }]);
  const startedAt = performance.now();
  const reports = await Promise.all([health.readReadiness(), sleep(500).then(() => health.readReadiness())]);
  expect(performance.now() - startedAt).toBeGreaterThan(900);
  for (const { status, reasons } of reports) {
    expect([status, reasons]).toEqual([
      'not ready',
      [{ name: 'database', reason: 'no answer within 1000 ms' }],
    ]);
  }
  expect(check).toHaveBeenCalledOnce();
});

test('a thousand who ask at a time cause one run of the checks, and another only after a quarter of a second', async () => {
  const check = vi.fn(async () => undefined);
  const health = open([{ name: 'database', check }]);
  await Promise.all(Array.from({ length: 1000 }, () => health.readReadiness()));
  await health.readReadiness();
  expect(check).toHaveBeenCalledOnce();
  await sleep(260);
  await health.readReadiness();
  expect(check).toHaveBeenCalledTimes(2);
});

test('is not ready from the moment that it stops, without asking anybody', async () => {
  const state = { isStarted: true, isStopping: false };
  const check = vi.fn(() => undefined);
  const health = open([{ name: 'database', check }], state);
  expect((await health.readReadiness()).status).toBe('ready');
  state.isStopping = true;
  expect(await health.readReadiness()).toEqual({
    status: 'not ready',
    reasons: [{ name: 'process', reason: 'is stopping' }],
  });
  expect(await answerHealth(health, '/health/live', { isPublic: true })).toMatchObject({ status: 200 });
  expect(check).toHaveBeenCalledOnce();
});

test('has started once it listens, whatever it lacks, and until it has ended', async () => {
  const server = createHttpServer({ logger, readiness: [{ name: 'database', check: () => 'is away' }] });
  const ask = async () => {
    const answer = await answerHealth(server.health, '/health/started', { isPublic: false });
    return [answer?.status, answer?.body];
  };
  expect(await ask()).toEqual([503, { status: 'starting' }]);
  const url = await listen(server, { host: '127.0.0.1', port: 0 });
  expect(await ask()).toEqual([200, { status: 'started' }]);
  expect((await fetch(`${url}/health/started`)).status).toBe(200);
  expect((await fetch(`${url}/health/ready`)).status).toBe(503);
  await server.close();
  expect((await ask())[0]).toBe(200);
});
