import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Platform, RefusalRecordReport } from '@signet/schema/contract';
import { createLogger } from '@signet/service';
import { anonymousSession } from '@signet/session';
import { afterEach, expect, it, vi } from 'vitest';
import { createRefusalRecords } from './refusal-records.ts';
import { describeRefused, type RefusedRequest } from './refused-request.ts';

const patience = { timeout: 30_000 };
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** An auth process that answers with the status of the moment. */
async function startAuth() {
  const auth = {
    status: 202,
    isLosingAnswers: false,
    /** Those with records. */
    attempts: [] as { url: string; ids: string[] }[],
    reports: [] as RefusalRecordReport[],
    url: '',
  };
  const server = createServer(async (req, res) => {
    const report = (await json(req)) as RefusalRecordReport;
    const ids = report.records.map(({ requestId }) => requestId);
    if (ids.length > 0) auth.attempts.push({ url: req.url ?? '', ids });
    if (auth.status === 202) auth.reports.push(report);
    if (auth.isLosingAnswers) res.destroy();
    else res.writeHead(auth.status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  auth.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  return auth;
}

function open(
  user: { url: string },
  portal: { url: string },
  more: { everyMs?: number; maxWaiting?: number } = {},
) {
  const records = createRefusalRecords({
    entrance: { name: 'graph', kind: 'graph', platforms: ['user', 'portal'] },
    fieldPlatforms: new Map<string, Platform>([['Query.portalMe', 'portal']]),
    proof: { signerFor: () => () => ({}) },
    config: { AUTH_USER_URL: user.url, AUTH_PORTAL_URL: portal.url },
    logger: createLogger('test', 'silent'),
    everyMs: 20,
    coverageMs: 20,
    ...more,
  });
  stops.push(() => records.stop());
  return records;
}

function refusedRequest(requestId: string, more: Partial<RefusedRequest> = {}): RefusedRequest {
  return {
    requestId,
    headers: {},
    status: 200,
    errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED', reason: 'auth.failure.malformed' } }],
    hasData: false,
    notes: [],
    session: anonymousSession,
    hasToken: true,
    tenant: undefined,
    clientAddress: '192.0.2.1',
    ...more,
  };
}

const idsOf = ({ reports }: { reports: RefusalRecordReport[] }) =>
  reports.flatMap(({ records }) => records.map(({ requestId }) => requestId));

it('records what staff were refused while the customers have no auth process, and the rest when it is back', async () => {
  const [user, portal] = [await startAuth(), await startAuth()];
  user.status = 503;
  const records = open(user, portal);
  records.add(refusedRequest('customer'));
  records.add(refusedRequest('staff', { notes: [{ field: 'Query.portalMe' }] }));
  await expect.poll(() => idsOf(portal), patience).toEqual(['staff']);
  expect(idsOf(user)).toEqual([]);
  user.status = 202;
  await expect.poll(() => idsOf(user), patience).toEqual(['customer']);
});

it('sends a report that got no answer again as the same one: auth knows it by its number', async () => {
  const auth = await startAuth();
  auth.isLosingAnswers = true;
  const records = open(auth, auth);
  records.add(refusedRequest('first'));
  await expect.poll(() => auth.attempts.length, patience).toBeGreaterThan(1);
  records.add(refusedRequest('second'));
  auth.isLosingAnswers = false;
  await expect.poll(() => auth.attempts.at(-1)?.ids, patience).toEqual(['second']);
  const firsts = auth.attempts.slice(0, -1);
  expect(new Set(firsts.map(({ ids }) => ids.join()))).toEqual(new Set(['first']));
  expect(new Set(firsts.map(({ url }) => url)).size).toBe(1);
  expect(auth.attempts.at(-1)?.url).toBe(firsts[0]?.url.replace(/number=1$/, 'number=2'));
});

it('says since when a record is left out: the one that was dropped, not the one that took its place', async () => {
  const auth = await startAuth();
  const records = open(auth, auth, { everyMs: 1_000_000, maxWaiting: 2 });
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-30T08:00:00Z') });
  stops.push(() => vi.useRealTimers());
  const first = Date.now();
  records.add(refusedRequest('first'));
  records.add(refusedRequest('second'));
  vi.setSystemTime(first + 600_000);
  records.add(refusedRequest('other', { clientAddress: '198.51.100.1' }));
  await records.stop();
  expect(idsOf(auth)).toEqual(['first', 'other']);
  expect(auth.reports[0]).toMatchObject({ leftOut: 1, leftOutSince: first });
});

it('counts records that auth does not take, and says since when', async () => {
  const auth = await startAuth();
  auth.status = 400;
  const before = Date.now();
  const records = open(auth, auth);
  records.add(refusedRequest('lost'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const after = Date.now();
  auth.status = 202;
  const ofUsers = () => auth.reports.filter(({ platform }) => platform === 'user');
  await expect.poll(() => ofUsers().length, patience).toBeGreaterThan(0);
  const [report] = ofUsers();
  expect(report).toMatchObject({ platform: 'user', records: [], leftOut: 1 });
  expect(report?.leftOutSince).toBeGreaterThanOrEqual(before);
  expect(report?.leftOutSince).toBeLessThan(after);
});

it('says up to when it has reported everything, and nothing of that while something waits', async () => {
  const auth = await startAuth();
  const coverages = () =>
    auth.reports.flatMap(({ coverage, platform }) => (coverage && platform === 'user' ? coverage : []));
  const records = open(auth, auth);
  await expect.poll(() => coverages().length, patience).toBeGreaterThan(1);
  auth.status = 503;
  const refusedAt = Date.now();
  records.add(refusedRequest('waits'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const before = coverages();
  expect(before.every(({ until }) => until <= refusedAt)).toBe(true);
  auth.status = 202;
  await expect.poll(() => coverages().length, patience).toBeGreaterThan(before.length);
  // The record was there before.
  const order = auth.reports.filter(({ platform }) => platform === 'user').slice(before.length);
  expect(order[0]?.records).toMatchObject([{ requestId: 'waits' }]);
  await records.stop();
  const all = coverages();
  expect(all.map(({ isLast }) => isLast)).toEqual([...all.slice(1).map(() => false), true]);
  expect(new Set(all.map(({ source, since }) => `${source} ${since}`)).size).toBe(1);
});

it('does not say that all is reported where it stops with something that auth did not take', async () => {
  const auth = await startAuth();
  const records = open(auth, auth);
  await expect.poll(() => auth.reports.length, patience).toBeGreaterThan(1);
  auth.status = 503;
  records.add(refusedRequest('lost'));
  await records.stop();
  auth.status = 202;
  expect(auth.reports.some(({ coverage, platform }) => platform === 'user' && coverage?.isLast)).toBe(false);
});

it('describes errors that a subgraph of another team wrote anyhow so that auth takes the record', () => {
  const extensions = { code: 'FORBIDDEN', reason: 'authz.permission.deny', retryAfterSeconds: -1 };
  const errors = [{ message: 'x', path: ['me', 'a sentence, for staff'], extensions }];
  const notes = [{ reason: 'authz.permission.deny', subgraph: 'a name with spaces' }];
  const { refusals } = describeRefused(refusedRequest('odd', { errors, notes }));
  expect(refusals).toEqual([{ code: 'FORBIDDEN', reason: 'authz.permission.deny', count: 1 }]);
});
