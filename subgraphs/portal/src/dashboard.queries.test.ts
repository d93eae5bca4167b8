import { countTenant, createDatabase, type Database, keepTally, readInTenant } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  countCustomers,
  countSupportNotes,
  dashboardTally,
  findLag,
  findTimeline,
  type TimelineName,
} from './dashboard.queries.ts';

let database: TestDatabase;
let db: Kysely<Database>;
let tenantId: string;
let staffId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  db = createDatabase(database.urlOf('signet_portal'), { maxConnections: 4 });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
let tenants = 0;
beforeEach(async () => {
  tenants += 1;
  tenantId = await database.addTenant(`t${tenants}`);
  const [staff] = await database.query(
    `insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
     values ($1, 'sue@example.com', 'Sue', 'support', 'h', 'p') returning id`,
    [tenantId],
  );
  staffId = staff.id;
});

const fold = () => keepTally(dashboardTally)(db, 1000);
const inTenant = <T>(find: Parameters<typeof readInTenant<Database, T>>[2]) =>
  readInTenant(db, tenantId, find);
const countAll = async () => ({
  customers: await inTenant(countCustomers),
  notes: await inTenant(countSupportNotes),
});
const timeline = (name: TimelineName, range: Parameters<typeof findTimeline>[2]) =>
  inTenant((trx) => findTimeline(trx, name, range));
const sums = async (name: TimelineName, range: Parameters<typeof findTimeline>[2]) =>
  Object.fromEntries(
    (await timeline(name, range)).series
      .map(({ name, values }) => [name, values.reduce<number>((a, b) => a + (b ?? 0), 0)] as const)
      .filter(([, sum]) => sum > 0),
  );
/** What the rows themselves say. */
async function countRows() {
  const [row] = await database.query(
    `select (select count(*)::int from auth.user where tenant_id = $1 and closed_at is null) as customers,
       (select count(*)::int from portal.support_note where tenant_id = $1) as notes`,
    [tenantId],
  );
  return { customers: row.customers, notes: row.notes };
}
const addCustomers = (count: number, age = '0 s') =>
  database.query(
    `insert into auth.user (tenant_id, email, password_hash, pepper_id, created_at)
     select $1, uuidv7() || '@example.com', 'h', 'p', now() - $3::interval from generate_series(1, $2) returning id`,
    [tenantId, count, age],
  );
const addEvent = (kind: string, age: string, details: object = {}, platform = 'user', of = tenantId) =>
  database.query(
    `insert into auth.audit_event (tenant_id, kind, platform, details, happened_at) values ($1, $2, $3, $4, now() - $5::interval)`,
    [of, kind, platform, details, age],
  );

describe('counts', () => {
  it('are exact while rows come, change, go and are taken back, beside folding and counting anew', async () => {
    const first = await addCustomers(20);
    // As in a database from before the tally: its rows are in no count yet.
    await database.query('delete from portal.tally_delta where tenant_id = $1', [tenantId]);
    expect(await countAll()).toEqual({ customers: 20, notes: 0 });
    let isDone = false;
    let written = 0;
    const keep = (async () => {
      while (!isDone) {
        await fold();
        // Not to the end: counting anew would put right what was wrong before.
        if (written < 40) await countTenant(db, dashboardTally, tenantId);
      }
    })();
    const write = async (from: number) => {
      for (let n = 0; n < 25; n += 1) {
        const [customer] = await addCustomers(1 + (n % 3), `${n * 17} minutes`);
        await database.query(
          `insert into portal.support_note (tenant_id, user_id, staff_id, body) select $1, $2, $3, 'x' from generate_series(1, $4)`,
          [tenantId, customer.id, staffId, 1 + (n % 2)],
        );
        if (n % 5 === 0) {
          await database.query('update auth.user set closed_at = now() where id = $1', [
            first[(from + n) % 20].id,
          ]);
          await database.query('delete from portal.support_note where user_id = $1', [customer.id]);
          await database.query('delete from auth.user where id = $1', [customer.id]);
        }
        await database
          .query(
            `with added as (insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, uuidv7()::text || '@x.example', 'h', 'p'))
             select 1 / 0`,
            [tenantId],
          )
          .catch(() => undefined);
        written += 1;
        // Every answer between is of one moment.
        const counted = await countAll();
        expect(counted.customers).toBeGreaterThan(0);
      }
    };
    await Promise.all([write(0), write(7), write(13)]);
    isDone = true;
    await keep;
    expect(await countAll()).toEqual(await countRows());
    await fold();
    expect(await countAll()).toEqual(await countRows());
    const [rest] = await database.query(
      'select count(*)::int as rows from portal.tally_delta where tenant_id = $1',
      [tenantId],
    );
    expect(rest.rows).toBe(0);
  });

  it('a tenant is counted while a writer is at work, and neither waits for the other', async () => {
    await addCustomers(3);
    const writer = new pg.Client({ connectionString: database.adminUrl });
    await writer.connect();
    try {
      const insert = `insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, uuidv7() || '@x.example', 'h', 'p')`;
      await writer.query('begin');
      await writer.query(insert, [tenantId]);
      await countTenant(db, dashboardTally, tenantId);
      expect(await countAll()).toMatchObject({ customers: 3 });
      await writer.query(insert, [tenantId]);
      await writer.query('commit');
    } finally {
      await writer.end();
    }
    expect(await countAll()).toMatchObject({ customers: 5 });
    await fold();
    expect(await countAll()).toMatchObject({ customers: 5 });
  });

  it('are kept in every other tenant where one cannot be counted', async () => {
    await database.query('delete from portal.tally_counted');
    const other = await database.addTenant('other');
    const [first, last] = [tenantId, other].sort();
    const failing: typeof dashboardTally = {
      ...dashboardTally,
      count: (since) =>
        sql`select * from (${dashboardTally.count(since)}) c where 1 / (current_setting('app.tenant') <> ${first})::int = 1`,
    };
    await expect(keepTally(failing)(db, 1000)).rejects.toThrow('not all tenants');
    const counted = await database.query('select tenant_id from portal.tally_counted');
    const ids = counted.map(({ tenant_id }) => tenant_id);
    expect([ids.includes(first), ids.includes(last)]).toEqual([false, true]);
  });

  it('are right in a tenant that nobody has counted yet, and the same when somebody has', async () => {
    await addCustomers(4, '40 days');
    await addCustomers(2, '3 hours');
    await addEvent('auth.login.success', '3 hours');
    await database.query('delete from portal.tally_delta where tenant_id = $1', [tenantId]);
    const read = async () => [
      await countAll(),
      await sums('accounts', 'DAY'),
      await sums('signIns', 'MONTH'),
    ];
    const before = await read();
    expect(before).toEqual([{ customers: 6, notes: 0 }, { new: 2 }, { 'user:success': 1 }]);
    expect(await fold()).toBeGreaterThan(0);
    expect(await read()).toEqual(before);
    expect(await fold()).toBe(0);
  });

  it('are of the own tenant, also where its rows are folded with those of others', async () => {
    const other = await database.addTenant(`other${tenants}`);
    await addCustomers(2);
    await database.query(
      `insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, 'x@example.com', 'h', 'p')`,
      [other],
    );
    await addEvent('authz.refused', '1 minute', { reason: 'authz.scope.deny' }, 'portal', other);
    for (const _ of [1, 2]) {
      expect(await countAll()).toEqual({ customers: 2, notes: 0 });
      expect(await sums('refusals', 'HOUR')).toEqual({});
      expect(await readInTenant(db, other, countCustomers)).toBe(1);
      await fold();
    }
  });
});

describe('timelines', () => {
  it('sum up what rows stand for, by outcome, reason and side', async () => {
    await addEvent('auth.login.success', '2 minutes');
    await addEvent('auth.login.failure', '2 minutes', { cause: 'wrong_password', count: 40 });
    await addEvent('auth.challenge.failed', '2 minutes', {}, 'portal');
    await addEvent('auth.login.throttled', '2 minutes', { count: 3 });
    await addEvent('auth.throttled', '2 minutes', { count: 7 });
    await addEvent('authz.refused', '2 minutes', { reason: 'authz.scope.deny', count: 5 }, 'portal');
    await addEvent('authz.refused', '2 minutes', { reason: 'auth.failure.expired', count: 9 }, 'none');
    await addEvent('auth.logout', '2 minutes');
    for (const range of ['HOUR', 'DAY', 'WEEK', 'MONTH'] as const) {
      // The edge of a step may lie within the two minutes, never that of the range.
      expect(await sums('signIns', range)).toEqual({
        'user:success': 1,
        'user:failure': 40,
        'portal:challenge': 1,
        'user:throttled': 3,
      });
      expect(await sums('throttles', range)).toEqual({ sign_in: 3, other: 7 });
      expect(await sums('refusals', range)).toEqual({ 'auth.failure.expired': 9, 'authz.scope.deny': 5 });
    }
    const { series } = await timeline('refusals', 'DAY');
    expect(series.map(({ name }) => name)).toEqual(['auth.failure.expired', 'authz.scope.deny']);
  });

  it.each([
    ['HOUR', 60, 60],
    ['DAY', 3600, 24],
    ['WEEK', 21_600, 28],
    ['MONTH', 86_400, 30],
  ] as const)(
    '%s: an event on a border is of the step that begins there, and one before the first of none',
    async (range, seconds, steps) => {
      const { startsAt, bucketSeconds, asOf, series } = await timeline('throttles', range);
      expect(bucketSeconds).toBe(seconds);
      expect(series[0]?.values).toHaveLength(steps);
      expect(startsAt.getTime() % (seconds * 1000)).toBe(0);
      expect(Math.floor((asOf.getTime() - startsAt.getTime()) / (seconds * 1000))).toBe(steps - 1);
      const add = (step: number, ms: number) =>
        database.query(
          `insert into auth.audit_event (tenant_id, kind, platform, happened_at) values ($1, 'auth.throttled', 'user', $2)`,
          [tenantId, new Date(startsAt.getTime() + step * seconds * 1000 + ms)],
        );
      await add(0, -1);
      await add(0, 0);
      await add(5, -1);
      await add(5, 0);
      await add(5, 1);
      const expected = { '0': 1, '4': 1, '5': 2 };
      const read = async () => {
        const next = await timeline('throttles', range);
        // The clock may have gone on to the next step.
        const moved = (next.startsAt.getTime() - startsAt.getTime()) / (seconds * 1000);
        const values = next.series.find(({ name }) => name === 'other')?.values ?? [];
        return Object.fromEntries(
          values.flatMap((value, step) => (value ? [[String(step + moved), value]] : [])),
        );
      };
      const found = await read();
      if ('0' in found) expect(found).toEqual(expected);
      else expect(found).toEqual({ '4': 1, '5': 2 });
      await fold();
      expect(await read()).toMatchObject({ '4': 1, '5': 2 });
    },
  );

  it('stay the same when minutes become hours, and counts when hours become one sum', async () => {
    await addCustomers(1, '5 minutes');
    await addCustomers(2, '5 hours 3 minutes');
    await addCustomers(3, '5 hours 4 minutes');
    await addCustomers(4, '20 days');
    await addCustomers(5, '50 days');
    const read = async () => [
      await countAll(),
      await sums('accounts', 'DAY'),
      await sums('accounts', 'MONTH'),
    ];
    const before = await read();
    expect(before).toEqual([{ customers: 15, notes: 0 }, { new: 6 }, { new: 10 }]);
    await fold();
    await fold();
    expect(await read()).toEqual(before);
    const rows = await database.query(
      `select starts_at = '-infinity' as old, extract(minute from starts_at)::int as minute, amount::int from portal.tally
       where tenant_id = $1 and series = 'customers' order by starts_at`,
      [tenantId],
    );
    expect(rows[0]).toEqual({ old: true, minute: null, amount: 5 });
    const hours = rows.slice(1, -1);
    expect(hours.map(({ minute }) => minute)).toEqual(hours.map(() => 0));
    expect(hours.reduce((sum, { amount }) => sum + amount, 0)).toBe(9);
  });

  it('no detail of an event stops it from being written', async () => {
    for (const count of [1e30, -5, '7', null, {}, 'x'.repeat(50)]) {
      await addEvent('authz.refused', '1 minute', { reason: 'authz.role.deny', count });
    }
    expect(await sums('refusals', 'HOUR')).toEqual({ 'authz.role.deny': 1_000_000_000 + 5 });
  });
});

describe('lag', () => {
  const sample = (seconds: number | null) =>
    sql`select portal.sample_lag(${seconds}::double precision)`.execute(db);

  it('is the highest sample of a step, of whichever replica, and null where nobody measured', async () => {
    await database.query('truncate portal.lag_sample; truncate auth.audit_pending');
    const [customer] = await addCustomers(1);
    await database.query(
      `insert into auth.user_mail (tenant_id, account_id, template, recipient, created_at)
       values ($1, $2, 'sample', substr(sha256('x'), 1, 16), now() - interval '90 seconds')`,
      [tenantId, customer.id],
    );
    await Promise.all([sample(1), sample(4), sample(2), sample(null)]);
    const { series } = await inTenant((trx) => findLag(trx, 'HOUR'));
    const revocations = series.find(({ name }) => name === 'revocations')?.values ?? [];
    expect(Math.max(...revocations.map((value) => value ?? -1))).toBe(4000);
    expect(revocations.filter((value) => value === null).length).toBeGreaterThanOrEqual(58);
    expect(series.map(({ name }) => name)).toEqual(['revocations', 'seals', 'mails']);
    const mails = series.find(({ name }) => name === 'mails')?.values ?? [];
    expect(Math.max(...mails.map((value) => value ?? -1))).toBeGreaterThanOrEqual(90_000);
  });

  it('tells how long the oldest unsealed event has waited', async () => {
    await database.query(`truncate portal.lag_sample; truncate auth.audit_pending;
      insert into auth.audit_pending (event_id, platform) values (uuidv7(interval '-70 seconds'), 'user'), (uuidv7(), 'user')`);
    await sample(0);
    const { series } = await inTenant((trx) => findLag(trx, 'MONTH'));
    const seals = series.find(({ name }) => name === 'seals')?.values.at(-1) ?? 0;
    expect(seals).toBeGreaterThanOrEqual(70_000);
    expect(seals).toBeLessThan(130_000);
  });

  it('keeps the highest of an hour, and nothing of five weeks ago', async () => {
    await database.query(`truncate portal.lag_sample;
      insert into portal.lag_sample (kind, sampled_at, seconds)
      select 'mails', date_bin('1 hour', now() - interval '5 hours', '2000-01-01Z') + n * interval '1 minute', n from generate_series(0, 59) n
      union all values ('mails', now() - interval '36 days', 9)`);
    await sample(0);
    expect(
      await database.query(
        `select seconds from portal.lag_sample where kind = 'mails' and sampled_at < now() - interval '1 hour'`,
      ),
    ).toEqual([{ seconds: 59 }]);
  });
});
