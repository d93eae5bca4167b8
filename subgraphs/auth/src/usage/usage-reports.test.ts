import { createDatabase, type Database, pruneWith } from '@signet/db';
import {
  formatReportNumber,
  type ReportedUsage,
  type ReportNumber,
  usageReportPath,
} from '@signet/schema/contract';
import { readMetrics } from '@signet/telemetry';
import { createMetrics } from '@signet/telemetry/metrics';
import { createTestGateway } from '@signet/testing';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noteReport } from '../audit/report-numbers.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { addUsage, pruneUsage } from './field-usage.queries.ts';

type Rest = Parameters<typeof addUsage> extends [unknown, ...infer R] ? R : never;
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

function sign(usage: unknown, entrance: Entrance = 'graph', query = '') {
  const url = new URL(`${usageReportPath}${query}`, auth.url).href;
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

  const senderOf = (last: number) => `0199c2f4-7a10-7000-8000-00000000000${last}`;
  const sendAs = (client: string, numbered: ReportNumber, entrance?: Entrance) =>
    send(sign([row({ client })], entrance, formatReportNumber(numbered)));

  it('that is sent again, since its answer got lost, counts once, even where the first attempt is still under way', async () => {
    const attempts = Array.from({ length: 6 }, () => sendAs('again', { sender: senderOf(1), number: 1 }));
    expect((await Promise.all(attempts)).map(({ status }) => status)).toEqual(Array(6).fill(202));
    expect(await rowsOf('again')).toMatchObject([{ count: 2 }]);
    expect((await sendAs('again', { sender: senderOf(1), number: 2 })).status).toBe(202);
    // Late, on a slow connection.
    expect((await sendAs('again', { sender: senderOf(1), number: 1 })).status).toBe(202);
    expect(await rowsOf('again')).toMatchObject([{ count: 4 }]);
    expect((await sendAs('again', { sender: senderOf(2), number: 1 })).status).toBe(202);
    expect(await rowsOf('again')).toMatchObject([{ count: 6 }]);
    // Each entrance and each platform has senders of its own.
    await sendAs('again', { sender: senderOf(1), number: 1 }, 'portal');
    expect(await rowsOf('again')).toMatchObject([{ count: 6 }, { entrance: 'portal', count: 2 }]);
    const kept = await auth.database.query(
      `select platform, entrance, last_number::integer as last from auth.report_sender order by platform, sender`,
    );
    expect(kept).toEqual([
      { platform: 'portal', entrance: 'portal', last: 1 },
      { platform: 'user', entrance: 'graph', last: 2 },
      { platform: 'user', entrance: 'graph', last: 1 },
    ]);
  });

  it('that could not be stored is taken in when it comes again', async () => {
    await auth.database.query(
      `create function pg_temp_fail() returns trigger language plpgsql as $$ begin
         if new.client = 'fails' then raise exception 'no' using errcode = '57014'; end if; return new; end $$;
       create trigger fail before insert on auth.field_usage for each row execute function pg_temp_fail()`,
    );
    expect(await sendAs('fails', { sender: senderOf(3), number: 1 })).toMatchObject({ status: 503 });
    await auth.database.query('drop trigger fail on auth.field_usage; drop function pg_temp_fail()');
    expect((await sendAs('fails', { sender: senderOf(3), number: 1 })).status).toBe(202);
    expect(await rowsOf('fails')).toMatchObject([{ count: 2 }]);
  });

  it.each(['?sender=x&number=1', `?sender=${senderOf(4)}&number=0`, `?sender=${senderOf(4)}`, '?number=1'])(
    'is refused with the number %s',
    async (query) => {
      expect((await send(sign([row({ client: 'odd' })], 'graph', query))).status).toBe(400);
      expect(await rowsOf('odd')).toEqual([]);
    },
  );

  it('leaves rows for the last 1000 senders of an entrance, whatever names they give themselves', async () => {
    const ours = { sender: senderOf(7), number: 5 };
    await auth.database.query(
      `insert into auth.report_sender (platform, entrance, sender, last_number, seen_at)
       select 'user', 'graph', gen_random_uuid(), 1, now() - interval '1 hour' * n / 1000 from generate_series(1, 1090) n`,
    );
    const db = createDatabase(auth.database.urlOf('signet_auth_user'), { maxConnections: 8 });
    const note = (report: ReportNumber, entrance = 'graph') =>
      db.transaction().execute((trx) => noteReport(trx, { platform: 'user', entrance }, report));
    const stranger = () => ({ sender: crypto.randomUUID(), number: 1 });
    expect(await note(ours, 'user')).toBe(true);
    expect(await note(ours)).toBe(true);
    // Several at once find the same rows. What they leave goes with the next.
    await Promise.all(Array.from({ length: 30 }, () => note(stranger())));
    await note(stranger());
    expect(await note(ours)).toBe(false);
    await db.destroy();
    const kept = await auth.database.query(
      `select entrance, count(*)::integer from auth.report_sender where platform = 'user' and entrance in ('graph', 'user') group by entrance order by entrance`,
    );
    expect(kept).toEqual([
      { entrance: 'graph', count: 1000 },
      { entrance: 'user', count: 1 },
    ]);
    await auth.database.query('delete from auth.report_sender');
  });

  it('leaves a row for each sender, and none a day after its last report', async () => {
    const db = createDatabase(auth.database.urlOf('signet_auth_user'), { maxConnections: 1 });
    const who = { platform: 'user', entrance: 'user' } as const;
    for (const number of [1, 2, 3])
      expect(await noteReport(db, who, { sender: senderOf(5), number })).toBe(true);
    await auth.database.query(
      `update auth.report_sender set seen_at = now() - interval '25 hours' where sender = $1`,
      [senderOf(5)],
    );
    await noteReport(db, who, { sender: senderOf(6), number: 1 });
    const job = pruneWith('reportSenders', 'auth.prune_user_report_senders');
    expect(await job.prune(db, 100)).toBe(1);
    await db.destroy();
    const left = await auth.database.query(`select sender from auth.report_sender where entrance = 'user'`);
    expect(left).toEqual([{ sender: senderOf(6) }]);
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
  const add = (db: Kysely<Database>, ...rest: Rest) =>
    db.transaction().execute((trx) => addUsage(trx, ...rest));
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
    expect(await add(db, 'user', versions, ...limits)).toBe(0);
    expect(await add(db, 'user', usage(10), ...limits)).toBe(0);
    expect(await add(db, 'user', usage(30), ...limits)).toBe(20);
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
      Array.from({ length: 12 }, (_, index) => add(db, 'graph', index % 2 ? usage : [...usage].reverse())),
    );
    await db.destroy();
    const rows = await rowsOf('races');
    expect(rows).toHaveLength(50);
    expect(rows.every(({ count }) => count === 12)).toBe(true);
  });

  it("belong to the platform of the entrance: staff's auth sees and adds to its own alone", async () => {
    const db = open('signet_auth_portal');
    await expect(add(db, 'graph', [row()])).rejects.toThrow(/row-level security/);
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
