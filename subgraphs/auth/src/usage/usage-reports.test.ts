import { createDatabase } from '@signet/db';
import { type ReportedUsage, usageReportPath } from '@signet/schema/contract';
import { readMetrics } from '@signet/telemetry';
import { createMetrics } from '@signet/telemetry/metrics';
import { createTestGateway } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { addUsage, pruneUsage } from './field-usage.queries.ts';

type Entrance = 'graph' | 'user' | 'portal';

const metrics = createMetrics({ version: 'test', ofProcess: false });
let auth: TestAuth;
beforeAll(async () => {
  const shown = { of: metrics.of, addHealth() {}, addPage() {}, url: '', stop: async () => {} };
  auth = await startTestAuth({}, { metrics: shown });
});
afterAll(() => auth.stop());

const row = (more: Partial<ReportedUsage> = {}): ReportedUsage => ({
  coordinate: 'User.email',
  client: 'app',
  version: '1',
  count: 2,
  ...more,
});

function sign(usage: unknown, entrance: Entrance = 'graph') {
  const url = new URL(usageReportPath, auth.url).href;
  const body = JSON.stringify({ usage });
  return { url, body, headers: createTestGateway({ recipient: 'auth', entrance }).headersOf({ url, body }) };
}
async function send({ url, body, headers }: ReturnType<typeof sign>) {
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  return { status: response.status, reason: JSON.parse(text).errors?.[0]?.extensions.reason };
}
const rowsOf = (client: string) =>
  auth.database.query(
    `select entrance, coordinate, version, count::integer from auth.field_usage where client = $1
     order by entrance, coordinate, version`,
    [client],
  );

describe('a report of usage', () => {
  it('is added to the sums of the day, of the entrance whose key signed it', async () => {
    const usage = [row({ client: 'sums' }), row({ client: 'sums', coordinate: 'other' })];
    for (const entrance of ['graph', 'graph', 'user', 'portal'] as const) {
      expect(await send(sign(usage, entrance))).toEqual({ status: 202, reason: undefined });
    }
    expect(await rowsOf('sums')).toEqual(
      [
        ['graph', 4],
        ['portal', 2],
        ['user', 2],
      ].flatMap(([entrance, count]) =>
        ['User.email', 'other'].map((coordinate) => ({ entrance, coordinate, version: '1', count })),
      ),
    );
  });

  it('is taken in once', async () => {
    const signed = sign([row({ client: 'once' })]);
    expect((await send(signed)).status).toBe(202);
    expect(await send(signed)).toEqual({ status: 401, reason: 'auth.failure.replay' });
    expect(await rowsOf('once')).toMatchObject([{ count: 2 }]);
  });

  it('is refused without the proof of a gateway', async () => {
    const { url, body } = sign([row({ client: 'unproven' })]);
    const headers = { 'content-type': 'application/json' };
    expect((await send({ url, body, headers })).status).toBe(401);
    expect(await rowsOf('unproven')).toEqual([]);
    // The alert SignetProofRefused looks at it.
    const labels = { service: 'auth', entrance: '-', reason: 'auth.failure.proof_missing' };
    expect(readMetrics(await metrics.text()).find('signet_refusals_total', labels)).toBe(1);
  });

  it.each([
    ['no row', []],
    ['too many rows', Array.from({ length: 1001 }, () => row())],
    ['free text for a field', [row({ coordinate: 'anything else' })]],
    ['a long name', [row({ client: 'x'.repeat(65) })]],
    ['a line break in a name', [row({ client: 'a\nb' })]],
    ['no count', [row({ count: 0 })]],
    ['half a count', [row({ count: 1.5 })]],
    ['a huge count', [row({ count: 1e12 })]],
    ['something more', [{ ...row(), entrance: 'portal' }]],
  ])('is refused with %s', async (_title, usage) => {
    expect((await send(sign(usage))).status).toBe(400);
  });
});

describe('the sums of a day', () => {
  const open = (role: 'signet_auth_user' | 'signet_auth_portal') =>
    createDatabase(auth.database.urlOf(role), { maxConnections: 4 });

  it('have a bounded number of rows: what would be new counts for the client other, and then for its field other', async () => {
    const db = open('signet_auth_user');
    const usage = (count: number) =>
      Array.from({ length: count }, (_, index) => row({ client: 'many', coordinate: `Type.f${index}` }));
    const [{ named, other }] = await auth.database.query(
      `select count(*) filter (where client <> 'other')::integer as named, count(*) filter (where client = 'other')::integer as other
       from auth.field_usage where entrance = 'user'`,
    );
    const limits = [named + 13, other + 5] as const;
    // One that calls itself so takes places of the named ones.
    const versions = ['1', '2', '3'].map((version) =>
      row({ client: 'other', version, coordinate: 'Type.f0' }),
    );
    expect(await addUsage(db, 'user', versions, ...limits)).toBe(0);
    expect(await addUsage(db, 'user', usage(10), ...limits)).toBe(0);
    expect(await addUsage(db, 'user', usage(30), ...limits)).toBe(20);
    await db.destroy();
    expect(await rowsOf('many')).toHaveLength(10);
    expect((await rowsOf('many')).every(({ count }) => count === 4)).toBe(true);
    const ofOther = await rowsOf('other');
    expect(ofOther.filter(({ version }) => version === '')).toEqual([
      ...Array.from({ length: 5 }, (_, index) => ({
        entrance: 'user',
        coordinate: `Type.f${index + 10}`,
        version: '',
        count: 2,
      })),
      { entrance: 'user', coordinate: 'other', version: '', count: 30 },
    ]);
  });

  it('add up what several replicas report at the same time', async () => {
    const db = open('signet_auth_user');
    const usage = Array.from({ length: 50 }, (_, index) =>
      row({ client: 'races', coordinate: `R.f${index}`, count: 1 }),
    );
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        addUsage(db, 'graph', index % 2 ? usage : [...usage].reverse()),
      ),
    );
    await db.destroy();
    const rows = await rowsOf('races');
    expect(rows).toHaveLength(50);
    expect(rows.every(({ count }) => count === 12)).toBe(true);
  });

  it("belong to the platform of the entrance: staff's auth sees and adds to its own alone", async () => {
    const db = open('signet_auth_portal');
    await expect(addUsage(db, 'graph', [row()])).rejects.toThrow(/row-level security/);
    const seen = await db.selectFrom('auth.field_usage').select('entrance').distinct().execute();
    expect(seen).toEqual([{ entrance: 'portal' }]);
    await db.destroy();
  });

  it('are deleted after their time, and never within a week', async () => {
    const db = open('signet_auth_user');
    await auth.database.query(
      `insert into auth.field_usage (day, entrance, client, version, coordinate, count)
       select current_date - age, 'graph', 'old', '', 'T.f' || age, 1 from unnest(array[3, 20, 100]) as age`,
    );
    expect(await pruneUsage(90).prune(db, 1000)).toBe(1);
    expect(await pruneUsage(1).prune(db, 1000)).toBe(1);
    await db.destroy();
    expect(await rowsOf('old')).toMatchObject([{ coordinate: 'T.f3' }]);
  });
});
