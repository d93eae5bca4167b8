// What do rows of the audit log and refresh tokens cost, and what would partitions change? npm run bench -- bench/partitions.ts [rows]
//
// Decision 0060 has the figures. A real PostgreSQL that syncs to disk, and statements as the processes send them, one at a time.
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRoles, migrateToLatest, processRoles, rollback } from '@signet/db';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import pg from 'pg';
import { percentile, time } from './support/measure.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const tries = 3000;

const folder = await mkdtemp(join(tmpdir(), 'signet-bench-'));
await chmod(folder, 0o711); // As root, the server runs as another user, who must pass through.
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), port: 0 });
const client = new pg.Client({ connectionString: postgres.adminUrl });
try {
  const passwords = processRoles.map((role) => [role, randomBytes(12).toString('hex')]);
  await createRoles(postgres.adminUrl, Object.fromEntries(passwords));
  await migrateToLatest(postgres.adminUrl);
  while (!(await rollback(postgres.adminUrl)).includes('0035-audit-partitions'));
  await client.connect();
  await client.query(`set statement_timeout = 0; set maintenance_work_mem = '512MB';
    insert into auth.tenant (id, slug, name) values ('01990000-0000-7000-8000-000000000000', 'bench', 'Bench')`);
  await measureAudit();
  await measureTokens();
} finally {
  await client.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function show(name: string, fn: () => Promise<unknown>): Promise<void> {
  console.log(`${name}: ${((await time(fn)) / 1000).toFixed(2)} s`);
}

async function showSize(name: string, table: string, count: number): Promise<void> {
  const { rows: found } = await client.query<{ heap: string; all: string }>(
    `select sum(pg_relation_size(relid)) as heap, sum(pg_total_relation_size(relid)) as all
     from (select relid from pg_partition_tree($1) union select $1::regclass) parts`,
    [table],
  );
  const [size] = found;
  console.log(
    `${name}: ${Math.round(Number(size?.heap) / count)} bytes a row, ${Math.round(Number(size?.all) / count)} with indexes`,
  );
}

/** Times of single statements with values that differ. */
async function showEach(name: string, text: string, values: (n: number) => unknown[]): Promise<void> {
  const times: number[] = [];
  for (let n = 0; n < tries; n++)
    times.push(await time(() => client.query({ name, text, values: values(n) })));
  console.log(
    `${name}: p50 ${(percentile(times, 0.5) * 1000).toFixed(0)} µs, p99 ${(percentile(times, 0.99) * 1000).toFixed(0)} µs`,
  );
}

/** A year of rows as sign-ins write them: the table of before, the migration, a month that expires in two ways. */
async function measureAudit(): Promise<void> {
  const insert = `insert into auth.audit_event (tenant_id, kind, platform, actor_id, subject_id, session_id, address, request_id, details)`;
  const one = `'01990000-0000-7000-8000-000000000000', 'auth.login.success', 'user', $1::uuid, $1::uuid, gen_random_uuid(), '192.0.2.7', gen_random_uuid()::text, '{"methods": "pwd", "device": "known"}'`;
  await client.query('alter table auth.audit_event disable trigger user');
  await show(`${rows} audit rows written`, () =>
    client.query(`insert into auth.audit_event (id, happened_at, tenant_id, kind, platform, actor_id, subject_id, session_id, address, request_id, details)
      select uuidv7(-age), now() - age, '01990000-0000-7000-8000-000000000000',
        (array['auth.login.success', 'auth.login.success', 'auth.logout', 'auth.login.failure'])[1 + i % 4], 'user',
        gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '192.0.2.7', gen_random_uuid()::text, '{"methods": "pwd", "device": "known"}'
      from generate_series(1, ${rows}) i, lateral (select (${rows} - i) * interval '365 days' / ${rows} as age) a`),
  );
  await client.query('alter table auth.audit_event enable trigger user');
  await client.query('vacuum analyze auth.audit_event');
  await showSize('an audit row', 'auth.audit_event', rows);
  await showEach('an audit row written, one table', `${insert} values (${one})`, () => [
    '01990000-0000-7000-8000-000000000001',
  ]);
  await showPages('one table');
  // What a request would wait for that writes a row meanwhile.
  const waiting = time(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.query(
      `${insert} values (${one.replaceAll('$1', `'01990000-0000-7000-8000-000000000001'`)})`,
    );
  });
  await show('the migration to partitions', () => migrateToLatest(postgres.adminUrl));
  console.log(`a row that was written meanwhile waited for ${((await waiting) - 100).toFixed(0)} ms`);
  // As if each month had had its tables, and ten years of them.
  await client.query(`
    set role signet_owner;
    alter table auth.audit_event detach partition auth.audit_event_past;
    alter table auth.audit_event_past rename to audit_event_old;
    alter table auth.audit_event_old no force row level security;
    do $$ begin
      create table auth.audit_event_past (like auth.audit_event including all excluding indexes);
      alter table auth.audit_event_past enable row level security;
      alter table auth.audit_event attach partition auth.audit_event_past for values from (minvalue) to ('2016-01-01');
      for ago in 0..119 loop
        perform auth.make_audit_month(date_trunc('month', now() at time zone 'UTC') - make_interval(months => ago));
      end loop;
    end $$;
    reset role`);
  await client.query('alter table auth.audit_event disable trigger user');
  await client.query(`insert into auth.audit_event (id, tenant_id, happened_at, kind, platform, actor_id, subject_id, session_id, address, request_id, details)
    select id, tenant_id, happened_at, kind, platform, actor_id, subject_id, session_id, address, request_id, details from auth.audit_event_old`);
  await client.query('alter table auth.audit_event enable trigger user');
  await client.query('vacuum analyze auth.audit_event');
  await showEach('an audit row written, ten years of months', `${insert} values (${one})`, () => [
    '01990000-0000-7000-8000-000000000001',
  ]);
  await showPages('ten years of months');
  const month = `(date_trunc('month', now() at time zone 'UTC') - interval '9 months')`;
  const { rows: found } = await client.query<{ name: string; ids: string[] }>(
    `select to_char(${month}, 'YYYY_MM') as name, array_agg(id) as ids from auth.audit_event_old where kind = 'auth.login.failure'
       and happened_at >= ${month} at time zone 'UTC' and happened_at < (${month} + interval '1 month') at time zone 'UTC'`,
  );
  const [expired] = found;
  await show(`${expired?.ids.length} rows of a month deleted from one table, and its vacuum`, async () => {
    for (let from = 0; from < (expired?.ids.length ?? 0); from += 1000) {
      await client.query('delete from auth.audit_event_old where id = any($1)', [
        expired?.ids.slice(from, from + 1000),
      ]);
    }
    await client.query('vacuum auth.audit_event_old');
  });
  await show('the same rows by their own table', () =>
    client.query(`drop table auth.audit_event_${expired?.name}_user_refusals`),
  );
}

async function showPages(where: string): Promise<void> {
  for (const [name, more] of Object.entries({
    all: '',
    'of an actor': `and actor_id = '01990000-0000-7000-8000-000000000001'`,
  })) {
    await showEach(
      `a page of auditLog, ${where}, ${name}`,
      `select id from auth.audit_event where tenant_id = '01990000-0000-7000-8000-000000000000' and happened_at < $1 ${more} order by happened_at desc, id desc limit 21`,
      (n) => [new Date(Date.now() - n * 1e7)],
    );
  }
}

/** Refresh tokens as they are, by the hash of the token, and by the week in which they expire. */
async function measureTokens(): Promise<void> {
  await client.query(`set session_replication_role = replica;
    insert into auth.user_session (id, tenant_id, user_id, password_version, amr, device, expires_at)
    select uuidv7(), '01990000-0000-7000-8000-000000000000', gen_random_uuid(), 1, '{pwd}', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      now() + random() * interval '90 days'
    from generate_series(1, ${rows})`);
  const tables = {
    'one table': 'auth.user_refresh_token',
    'hash of the token, 16': 'auth.by_hash',
    'week of expiry, 14': 'auth.by_week',
  };
  await client.query(`
    create table auth.by_hash (like auth.user_refresh_token including all) partition by hash (token_hash);
    create table auth.by_week (like auth.user_refresh_token including all excluding indexes) partition by range (expires_at);
    create index on auth.by_week (token_hash); create index on auth.by_week (session_id); create index on auth.by_week (family_hash); create index on auth.by_week (expires_at);
    do $$ begin
      for n in 0..15 loop execute format('create table auth.by_hash_%s partition of auth.by_hash for values with (modulus 16, remainder %s)', n, n); end loop;
      for n in 0..13 loop execute format('create table auth.by_week_%s partition of auth.by_week for values from (%L) to (%L)', n,
        date_trunc('week', now()) + n * interval '7 days', date_trunc('week', now()) + (n + 1) * interval '7 days'); end loop;
    end $$`);
  for (const [name, table] of Object.entries(tables)) {
    // Two for each session: the one that was used last, and its successor.
    await show(`${2 * rows} tokens written, ${name}`, () =>
      client.query(`insert into ${table} (token_hash, tenant_id, session_id, expires_at, family_hash, used_at, sealed_successor)
        select sha256(uuid_send(id) || n::text::bytea), tenant_id, id, expires_at, sha256(uuid_send(id)), case n when 1 then now() end,
          case n when 1 then sha256('x') || sha256('y') end
        from auth.user_session, generate_series(1, 2) n`),
    );
    await client.query(`vacuum analyze ${table}`);
    await showSize(`a token, ${name}`, table, 2 * rows);
    const { rows: sample } = await client.query<{ hash: Buffer; family: Buffer; session: string }>(
      `select token_hash as hash, family_hash as family, session_id as session from ${table} where used_at is null order by sha256(token_hash) limit ${tries}`,
    );
    await showEach(
      `a token found by its hash, ${name}`,
      `select session_id from ${table} where token_hash = $1`,
      (n) => [sample[n]?.hash],
    );
    await showEach(
      `a token exchanged, ${name}`,
      `with used as (
         update ${table} set used_at = now(), expires_at = expires_at + interval '1 hour' where token_hash = $1 returning *
       ), gone as (
         delete from ${table} t using used where t.session_id = used.session_id and t.used_at is not null
       ) insert into ${table} (token_hash, tenant_id, session_id, expires_at, family_hash)
         select sha256(used.token_hash), tenant_id, session_id, expires_at, family_hash from used`,
      (n) => [sample[n]?.hash],
    );
  }
  await showSize('a session', 'auth.user_session', rows);
  await client.query(
    `update auth.user_refresh_token set expires_at = now() - interval '1 day' where expires_at < now() + interval '9 days'`,
  );
  let deleted = 0;
  await show('expired tokens deleted, 1000 a statement', async () => {
    for (let batch = 1000; batch === 1000; deleted += batch) {
      const { rows: found } = await client.query('select auth.prune_user_refresh_tokens(1000) as count');
      batch = found[0].count;
    }
  });
  console.log(`these were ${deleted} tokens`);
}
