import { createDatabase, type Database } from '@signet/db';
import { formatReportNumber, type RefusalRecord, refusalRecordPath } from '@signet/schema/contract';
import { createTestGateway } from '@signet/testing';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { trimRefusalRecords } from './refusal-records.queries.ts';

type Entrance = 'graph' | 'user' | 'portal';

let auth: TestAuth;
let db: Kysely<Database>;
beforeAll(async () => {
  auth = await startTestAuth();
  db = createDatabase(auth.database.urlOf('signet_auth_user'), { maxConnections: 1 });
});
afterAll(async () => {
  await db?.destroy();
  await auth?.stop();
});

const accountId = '0199c2f4-7a10-7000-8000-000000000002';
let next = 0;
function newRecord(more: object = {}): RefusalRecord {
  next += 1;
  return {
    requestId: `r-${next}`,
    at: Date.now(),
    isPartial: false,
    status: 403,
    hasToken: true,
    network: `192.0.2.${next}`,
    operation: { name: 'Orders', type: 'query', hash: 'a'.repeat(64) },
    client: { name: 'shop', version: '1' },
    refusals: [
      { check: 'RULES', code: 'FORBIDDEN', reason: 'authz.scope.deny', field: 'Query.orders', count: 1 },
    ],
    ...more,
  };
}

async function send(
  report: object,
  entrance: Entrance = 'graph',
  change: (body: string) => string = (body) => body,
  query = '',
) {
  const url = new URL(`${refusalRecordPath}${query}`, auth.url).href;
  const body = JSON.stringify(report);
  const headers = createTestGateway({ recipient: 'auth', entrance }).headersOf({ url, body });
  const response = await fetch(url, { method: 'POST', headers, body: change(body) });
  const answer = JSON.parse(await response.text());
  return { status: response.status, reason: answer.errors?.[0]?.extensions.reason };
}
const report = (records: object[], platform = 'user', entrance?: Entrance) =>
  send({ platform, records }, entrance);
const rowsOf = (requestId: string) =>
  auth.database.query(
    `select platform, tenant_id, entrance, caller, account_id, caller_kind, act_id, status, reason, details
     from auth.refusal_record where request_id = $1`,
    [requestId],
  );
const leftOut = async () =>
  Number(
    (await auth.database.query('select coalesce(sum(count), 0) as sum from auth.refusals_left_out'))[0]?.sum,
  );

describe('a record of a refused request', () => {
  it('becomes a row in the tenant of the account', async () => {
    const record = newRecord({ account: { id: accountId, tenantId: auth.tenants.globex } });
    expect(await report([record])).toEqual({ status: 202, reason: undefined });
    const { isPartial, hasToken, network, operation, client, refusals } = record;
    expect(await rowsOf(record.requestId)).toEqual([
      {
        platform: 'user',
        tenant_id: auth.tenants.globex,
        entrance: 'graph',
        caller: accountId,
        account_id: accountId,
        caller_kind: null,
        act_id: null,
        status: 403,
        reason: 'authz.scope.deny',
        details: { isPartial, hasToken, network, operation, client, refusals },
      },
    ]);
  });

  it.each([
    ['the one that it names', { tenant: 'globex' }, 'globex'],
    ['the default one where there is none of the name', { tenant: 'nobody' }, 'demo'],
    ['the default one where it names none', {}, 'demo'],
  ] as const)('of a stranger becomes a row of a tenant: %s', async (_told, more, tenant) => {
    const record = newRecord(more);
    await report([record]);
    expect(await rowsOf(record.requestId)).toMatchObject([
      { tenant_id: auth.tenants[tenant], account_id: null, caller: record.network },
    ]);
  });

  it('has the reason of its first refusal, and that of a missing token only where there is no other', async () => {
    const missing = { code: 'UNAUTHENTICATED', reason: 'auth.failure.missing_token', count: 1 };
    const other = { code: 'FORBIDDEN', reason: 'authz.scope.deny', count: 1 };
    const alone = newRecord({ refusals: [missing] });
    const both = newRecord({ refusals: [missing, other, { ...other, reason: 'authz.role.deny' }] });
    await report([alone, both]);
    expect(await rowsOf(alone.requestId)).toMatchObject([{ reason: missing.reason }]);
    expect(await rowsOf(both.requestId)).toMatchObject([{ reason: other.reason }]);
  });

  it('is complete up to when a gateway says so, which nothing takes back, and no other entrance may say', async () => {
    const source = crypto.randomUUID();
    const now = Date.now();
    const tell = (coverage: object, entrance: Entrance = 'graph') =>
      send(
        {
          platform: 'user',
          records: [],
          coverage: { source, since: now - 60_000, until: now, isLast: false, ...coverage },
        },
        entrance,
      );
    const read = async () => {
      const [row] = await auth.database.query(
        'select since, until, is_over from auth.refusal_reporter where source = $1',
        [source],
      );
      return row && [now - Number(row.since), now - Number(row.until), row.is_over];
    };
    expect((await tell({})).status).toBe(202);
    expect(await read()).toEqual([60_000, 0, false]);
    await tell({ until: now - 30_000 });
    await tell({ isLast: true }, 'user');
    expect(await read()).toEqual([60_000, 0, false]);
    // Of a time that is to come nobody knows.
    await tell({ until: now + 3_600_000 });
    expect((await read())?.[1]).toBeGreaterThan(-60_000);
    await tell({ isLast: true });
    expect((await read())?.[2]).toBe(true);
    expect((await tell({ source: 'x' })).status).toBe(400);
  });

  it('of an OAuth route becomes a row of the tenant of the client that the request named', async () => {
    const refusals = [
      { check: 'CREDENTIALS', code: 'invalid_client', reason: 'oauth.unknown_key', count: 1 },
    ];
    const more = { oauth: 'token', operation: undefined, refusals };
    const stranger = newRecord({ ...more, tenantId: auth.tenants.globex, tenant: 'demo' });
    const client = newRecord({
      ...more,
      account: { id: accountId, tenantId: auth.tenants.globex },
      caller: 'service',
    });
    const misfits = [
      newRecord({ ...more, oauth: 'graphql' }),
      newRecord({ ...more, refusals: [{ ...refusals[0], reason: 'oauth.my own words' }] }),
    ];
    expect((await report([stranger, client, ...misfits])).status).toBe(202);
    expect(await rowsOf(stranger.requestId)).toMatchObject([
      {
        tenant_id: auth.tenants.globex,
        account_id: null,
        caller: stranger.network,
        reason: 'oauth.unknown_key',
        details: { oauth: 'token', refusals },
      },
    ]);
    expect(await rowsOf(client.requestId)).toMatchObject([
      { tenant_id: auth.tenants.globex, account_id: accountId, caller: accountId, caller_kind: 'service' },
    ]);
    for (const { requestId } of misfits) expect(await rowsOf(requestId)).toEqual([]);
  });

  it.each([
    ['user', 'portal'],
    ['portal', 'user'],
  ] as const)('of the entrance %s about the side %s is refused', async (entrance, platform) => {
    const record = newRecord();
    expect(await report([record], platform, entrance)).toEqual({
      status: 401,
      reason: 'auth.failure.proof_invalid',
    });
    expect(await rowsOf(record.requestId)).toEqual([]);
  });

  it('is taken in once', async () => {
    const record = newRecord();
    const url = new URL(refusalRecordPath, auth.url).href;
    const body = JSON.stringify({ platform: 'user', records: [record] });
    const headers = createTestGateway({ recipient: 'auth', entrance: 'graph' }).headersOf({ url, body });
    const statuses = [];
    for (let n = 0; n < 2; n += 1)
      statuses.push((await fetch(url, { method: 'POST', headers, body })).status);
    expect(statuses).toEqual([202, 401]);
    expect(await rowsOf(record.requestId)).toHaveLength(1);
  });

  it('is written once where a report failed in the middle, and where its answer got lost', async () => {
    const ofGlobex = { account: { id: accountId, tenantId: auth.tenants.globex } };
    const records = [newRecord(), newRecord(ofGlobex)];
    const before = await leftOut();
    const attempt = () => {
      const query = formatReportNumber({ sender: accountId, number: 1 });
      return send({ platform: 'user', records, leftOut: 5 }, 'graph', (body) => body, query);
    };
    const rowCounts = () => Promise.all(records.map(async (one) => (await rowsOf(one.requestId)).length));
    await auth.database.query(
      `create function fail() returns trigger language plpgsql as $$ begin
         if new.tenant_id = '${auth.tenants.globex}' then raise exception 'no' using errcode = '57014'; end if; return new; end $$;
       create trigger fail before insert on auth.refusal_record for each row execute function fail()`,
    );
    expect(await attempt()).toEqual({ status: 503, reason: 'auth.unavailable' });
    expect(await rowCounts()).toEqual([0, 0]);
    await auth.database.query('drop trigger fail on auth.refusal_record; drop function fail()');
    for (let n = 0; n < 2; n += 1) expect((await attempt()).status).toBe(202);
    expect(await rowCounts()).toEqual([1, 1]);
    expect(await leftOut()).toBe(before + 5);
  });

  it('that was changed on the way is refused', async () => {
    const record = newRecord();
    const answer = await send({ platform: 'user', records: [record] }, 'graph', (body) =>
      body.replace('403', '401'),
    );
    expect(answer).toEqual({ status: 401, reason: 'auth.failure.proof_invalid' });
    expect(await rowsOf(record.requestId)).toEqual([]);
  });

  const refused = { check: 'RULES', code: 'FORBIDDEN', count: 1 };
  it.each<[string, object]>([
    ['a sentence in place of a reason', { refusals: [{ ...refused, reason: 'Call 555 now' }] }],
    ['a check that does not exist', { refusals: [{ ...refused, check: 'ANY' }] }],
    ['text in place of a field', { refusals: [{ ...refused, field: 'DROP TABLE users' }] }],
    ['text in place of a path', { refusals: [{ ...refused, path: 'a b' }] }],
    ['a sentence as a scope', { scopes: ['call me'] }],
    ['text in place of an account', { account: { id: 'Ada', tenantId: accountId } }],
    ['a role that does not exist', { role: 'owner' }],
    ['a name of an operation that is none', { operation: { name: 'a b', type: 'query', hash: 'x' } }],
    ['no refusal', { refusals: [] }],
    ['what nobody asked for', { variables: { password: 'x' } }],
  ])('with %s is left out, and takes no other with it', async (_told, fault) => {
    const before = await leftOut();
    const [good, bad] = [newRecord(), newRecord(fault)];
    expect((await report([bad, good])).status).toBe(202);
    expect(await rowsOf(good.requestId)).toHaveLength(1);
    expect(await rowsOf(bad.requestId)).toEqual([]);
    expect(await leftOut()).toBe(before + 1);
  });

  it('of a tenant that is not there, as a configured issuer may name one, is left out and not asked for again', async () => {
    const before = await leftOut();
    const [good, bad] = [
      newRecord({ account: { id: '00000000-0000-0000-0000-00000000000a', tenantId: auth.tenants.globex } }),
      newRecord({ account: { id: accountId, tenantId: '0199c2f4-7a10-7000-8000-00000000dead' } }),
    ];
    expect((await report([bad, good])).status).toBe(202);
    expect(await rowsOf(good.requestId)).toHaveLength(1);
    expect(await rowsOf(bad.requestId)).toEqual([]);
    expect(await leftOut()).toBe(before + 1);
  });

  it('of another day is one of the last hour: the database takes no other', async () => {
    const record = newRecord({ at: 0 });
    expect((await report([record])).status).toBe(202);
    expect(await rowsOf(record.requestId)).toHaveLength(1);
  });
});

describe('what finds no room', () => {
  it('may be missed at its own time where it came so late that it is stored, and trimmed, at another', async () => {
    await auth.database.query('delete from auth.refusals_left_out');
    const threeHoursAgo = Date.now() - 3 * 3_600_000;
    expect((await report([newRecord(), newRecord({ at: threeHoursAgo })])).status).toBe(202);
    const isMissedAt = async (at: number) =>
      (
        await auth.database.query(
          `select 1 from auth.refusals_left_out where minute = date_trunc('minute', $1::timestamptz)`,
          [new Date(at).toISOString()],
        )
      ).length > 0;
    expect(await isMissedAt(threeHoursAgo)).toBe(true);
    expect(await isMissedAt(threeHoursAgo - 120_000)).toBe(false);
    await auth.database.query('delete from auth.refusals_left_out');
    expect((await report([newRecord({ at: Date.now() - 1_800_000 })])).status).toBe(202);
    expect(await leftOut()).toBe(0);
  });

  it('is counted', async () => {
    const before = await leftOut();
    expect((await send({ platform: 'user', records: [], leftOut: 7 })).status).toBe(202);
    expect(await leftOut()).toBe(before + 7);
  });

  it('may be missed in every minute since the first of it', async () => {
    await auth.database.query('delete from auth.refusals_left_out');
    await send({ platform: 'user', records: [], leftOut: 3, leftOutSince: Date.now() - 10 * 60_000 });
    const minutes = await auth.database.query(
      `select extract(epoch from date_trunc('minute', now()) - minute)::int / 60 as ago from auth.refusals_left_out order by minute`,
    );
    expect(minutes.map(({ ago }) => ago)).toEqual(expect.arrayContaining([9, 5, 1, 0]));
    expect(minutes.length).toBeLessThanOrEqual(12);
    await auth.database.query('delete from auth.refusals_left_out');
    await send({ platform: 'user', records: [], leftOut: 3, leftOutSince: 0 });
    const [all] = await auth.database.query('select count(*)::int as n from auth.refusals_left_out');
    expect(all?.n).toBeLessThanOrEqual(24 * 60 + 2);
  });

  it('is trimmed by caller, the oldest first, and counted', async () => {
    await auth.database.query(
      `insert into auth.refusal_record (platform, tenant_id, request_id, happened_at, entrance, caller, account_id, status, reason, details)
       select 'user', $1::uuid, c || '-' || n, now() - n * interval '1 second', 'user', c, case when c = 'known' then $2::uuid end, 403, 'x', '{}'
       from unnest(array['known', 'stranger', 'quiet']) c, generate_series(1, 130) n where c <> 'quiet' or n <= 3`,
      [auth.tenants.demo, accountId],
    );
    const before = await leftOut();
    expect(await trimRefusalRecords(db, 'user', { days: 7, perCaller: 100 })).toBe(60);
    expect(await leftOut()).toBe(before + 60);
    const counts = await auth.database.query(
      `select caller, count(*)::int as n, count(*) filter (where request_id = caller || '-1')::int as newest
       from auth.refusal_record where caller in ('known', 'stranger', 'quiet') group by caller order by caller`,
    );
    expect(counts).toEqual([
      { caller: 'known', n: 100, newest: 1 },
      { caller: 'quiet', n: 3, newest: 1 },
      { caller: 'stranger', n: 100, newest: 1 },
    ]);
  });

  it('is taken from those who have most: many strangers push out neither each other nor who has an account', async () => {
    await auth.database.query(
      `insert into auth.refusal_record (platform, tenant_id, request_id, happened_at, entrance, caller, status, reason, details)
       select 'user', $1::uuid, 'flood', now() - n * interval '1 second', 'user', 'net-' || c, 403, 'x', '{}'
       from generate_series(1, 100) c, generate_series(1, 60) n`,
      [auth.tenants.demo],
    );
    await trimRefusalRecords(db, 'user', { days: 7, perCaller: 100, most: 1000 });
    const [counts] = await auth.database.query(
      `select max(n)::int as most, count(*)::int as callers, sum(n)::int as rows from (
         select count(*) as n from auth.refusal_record where account_id is null group by caller) c`,
    );
    expect(counts).toMatchObject({ most: 10, rows: 1000 });
    expect(counts?.callers).toBeGreaterThan(100);
    const quiet = await auth.database.query(`select from auth.refusal_record where caller = 'quiet'`);
    const known = await auth.database.query(`select from auth.refusal_record where caller = 'known'`);
    expect([quiet.length, known.length]).toEqual([3, 100]);
  });

  it('is one row each of those who came first where callers are more than rows', async () => {
    await auth.database.query(
      `insert into auth.refusal_record (platform, tenant_id, request_id, happened_at, entrance, caller, status, reason, details)
       select 'user', $1::uuid, 'crowd', now() - interval '1 minute' - c * interval '1 ms', 'user', 'one-' || c, 403, 'x', '{}'
       from generate_series(1, 1100) c`,
      [auth.tenants.demo],
    );
    await trimRefusalRecords(db, 'user', { days: 7, perCaller: 100, most: 1000 });
    const [left] = await auth.database.query(
      `select count(*)::int as n from auth.refusal_record where account_id is null`,
    );
    expect(left?.n).toBe(1000);
    const [newest] = await auth.database.query(`select from auth.refusal_record where caller = 'one-1'`);
    expect(newest).toBeDefined();
  });

  it('and what is too old is deleted, and it is known since when there is everything', async () => {
    await auth.database.query(`update auth.refusals_kept set since = now() - interval '20 days'`);
    await auth.database.query(
      `update auth.refusal_share set happened_at = now() - interval '8 days' where caller = 'quiet'`,
    );
    const before = await leftOut();
    await trimRefusalRecords(db, 'user', { days: 7 });
    expect(await auth.database.query(`select from auth.refusal_record where caller = 'quiet'`)).toEqual([]);
    expect(await leftOut()).toBe(before);
    const [kept] = await auth.database.query(
      `select (now() - since) < interval '7 days 1 hour' as is_recent from auth.refusals_kept where platform = 'user'`,
    );
    expect(kept?.is_recent).toBe(true);
  });
});
