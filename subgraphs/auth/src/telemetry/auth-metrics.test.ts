import { createDatabase, type Database } from '@signet/db';
import { readMetrics } from '@signet/telemetry';
import { createMetrics } from '@signet/telemetry/metrics';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuthMetrics } from './auth-metrics.ts';

let database: TestDatabase;
let db: Kysely<Database>;
beforeAll(async () => {
  database = await createTestDatabase();
  db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 1 });
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

async function scrape(now = () => performance.now()) {
  const metrics = createMetrics({ version: 'test', ofProcess: false });
  const measured = createAuthMetrics(metrics.of('auth'), 'user', now);
  measured.watchDatabase(db, { hasMail: true });
  const text = readMetrics(await metrics.text());
  measured.stop();
  return (name: string, labels = {}) => text.find(name, { platform: 'user', ...labels });
}

it('a sealer that has stopped shows by the age of the oldest row, however few wait', async () => {
  const before = await scrape();
  expect(before('signet_audit_oldest_unsealed_seconds')).toBe(0);
  await database.query(`
    insert into auth.audit_event (id, kind, platform, happened_at) values
      (uuidv7(interval '-10 minutes'), 'auth.logout', 'user', now()), (uuidv7(), 'auth.logout', 'user', now()),
      (uuidv7(interval '-1 hour'), 'auth.logout', 'portal', now())`);
  const after = await scrape();
  expect(after('signet_audit_unsealed_rows')).toBe(2);
  const age = after('signet_audit_oldest_unsealed_seconds') ?? 0;
  expect(age).toBeGreaterThan(595);
  expect(age).toBeLessThan(3000);
});

it('what the last verification said, and how long ago; before the first one, since when nobody has', async () => {
  let now = 0;
  const metrics = createMetrics({ version: 'test', ofProcess: false });
  const measured = createAuthMetrics(metrics.of('auth'), 'user', () => now);
  measured.watchDatabase(db, { hasMail: false });
  now = 90_000;
  const first = readMetrics(await metrics.text());
  measured.stop();
  expect(first.find('signet_audit_verification_age_seconds', { platform: 'user' })).toBe(90);
  expect(first.find('signet_audit_faults', { platform: 'user' })).toBeUndefined();
  await database.query(`
    update auth.audit_verification set fault_count = 3, started_at = now(), finished_at = now() - interval '2 hours' where platform = 'user'`);
  const later = await scrape();
  expect(later('signet_audit_faults')).toBe(3);
  expect(later('signet_audit_verification_age_seconds')).toBeGreaterThan(7190);
});

it('mails that wait and that were given up are counted by an index: those of a month are not read', async () => {
  const tenant = await database.addTenant('demo');
  await database.query(
    `insert into auth.user_mail (tenant_id, template, recipient, state, created_at, settled_at)
     select $1::uuid, 'welcome', decode(repeat('00', 16), 'hex'), 'sent', now() - n * interval '1 minute', now() from generate_series(1, 5000) n
     union all select $1::uuid, 'welcome', decode(repeat('00', 16), 'hex'), 'queued', now() - interval '5 minutes', null from generate_series(1, 3)
     union all select $1::uuid, 'welcome', decode(repeat('00', 16), 'hex'), 'dead', now(), now() from generate_series(1, 2)`,
    [tenant],
  );
  await database.query('analyze auth.user_mail');
  const figures = await scrape();
  expect(figures('signet_mail_outbox', { state: 'waiting' })).toBe(3);
  expect(figures('signet_mail_outbox', { state: 'given_up' })).toBe(2);
  expect(figures('signet_mail_oldest_seconds')).toBeGreaterThanOrEqual(300);
  expect(await rowsReadBy('auth.watch_user_mails()')).toBeLessThan(20);
  expect(await rowsReadBy('portal.sample_lag(1)')).toBeLessThan(20);
  expect(await rowsReadBy('auth.count_user_mails()')).toBeGreaterThan(5000);
});

async function rowsReadBy(call: string): Promise<number> {
  const own = createDatabase(database.adminUrl, { maxConnections: 1 });
  try {
    return await own.transaction().execute(async (trx) => {
      await sql.raw(`select * from ${call}`).execute(trx);
      const { rows } = await sql<{ count: number }>`
        select (seq_tup_read + idx_tup_fetch)::integer as count from pg_stat_xact_all_tables
        where relid = 'auth.user_mail'::regclass`.execute(trx);
      return rows[0]?.count ?? Number.NaN;
    });
  } finally {
    await own.destroy();
  }
}
