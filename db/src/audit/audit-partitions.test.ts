import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDatabase, inTenant } from '../database.ts';
import { migrateToLatest, rollback } from '../migrate/migrate.ts';
import { processRoles } from '../roles.ts';
import type { Database } from '../tables.ts';
import { type AuditEvent, writeAuditEvent } from './audit-events.ts';
import { auditRefusals, makeAuditPartitions } from './audit-partitions.ts';
import { sealAuditEvents } from './audit-sealer.ts';
import { type AuditRetention, pruneAuditLog } from './prune-audit-log.ts';
import { verifyAuditLog } from './verify-audit-log.ts';

vi.setConfig({ testTimeout: 300_000 });

const key = randomBytes(32);
const platform = 'user';
let database: TestDatabase;
let db: Kysely<Database>;
let tenantId: string;
beforeEach(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
  db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 4 });
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

const verify = () => verifyAuditLog({ db, platform, keys: [key] });
const seal = (at: Date) => sealAuditEvents({ db, platform, keys: [key], now: () => at });
const write = (kind: AuditEvent['kind']) =>
  inTenant(db, tenantId, (trx) => writeAuditEvent(trx, { kind, platform, tenantId }));
/** The table of each row, and its kind. */
const listPlaces = async () =>
  (
    await database.query('select tableoid::regclass::text as place, kind from auth.audit_event order by id')
  ).map(({ place, kind }) => `${place} ${kind}`);
const listTables = async (pattern = '.') =>
  (
    await database.query(
      `select relname from pg_class where relispartition and relkind in ('r', 'p') and relname ~ $1 order by 1`,
      [pattern],
    )
  ).map(({ relname }) => relname as string);
const monthOf = (date: Date) => date.toISOString().slice(0, 7).replace('-', '_');
/** A moment in the middle of the month so many before this one. */
const monthsAgo = (count: number) => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count, 15));
};

/** For statements of a migration in the client's transaction. */
const poolOf = (client: pg.Client) =>
  ({
    connect: async () => Object.assign(client, { release() {} }),
    end: async () => {},
  }) as unknown as pg.Pool;

/** As if the log had been in tables of a month for a year. */
async function makeEarlierMonths(): Promise<void> {
  await database.query(`
    set role signet_owner;
    do $$
    declare
      this_month timestamp := date_trunc('month', now() at time zone 'UTC');
    begin
      alter table auth.audit_event detach partition auth.audit_event_past;
      execute format('alter table auth.audit_event attach partition auth.audit_event_past for values from (minvalue) to (%L)',
        (this_month - interval '12 months') at time zone 'UTC');
      for ago in 0..12 loop
        perform auth.make_audit_month(this_month - make_interval(months => ago));
      end loop;
    end $$`);
}

async function writeSealed(at: Date, ...kinds: AuditEvent['kind'][]): Promise<void> {
  for (const kind of kinds) await write(kind);
  await database.query(
    'update auth.audit_event set happened_at = $1 where id in (select event_id from auth.audit_pending)',
    [at],
  );
  await seal(at);
}

describe('the tables of the audit log', () => {
  it('take over what was there, and the chain goes on', async () => {
    await db.destroy();
    for (let undone = await rollback(database.adminUrl); !undone.includes('0035-audit-partitions'); ) {
      expect(undone).not.toEqual([]);
      undone = await rollback(database.adminUrl);
    }
    db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 4 });
    await writeSealed(monthsAgo(20), 'auth.login.success', 'auth.login.failure');
    await database.query(
      `insert into auth.audit_event (kind, platform, details) values ('auth.key.rotated', 'portal', '{"kid": "k"}')`,
    );
    await writeSealed(new Date(), 'auth.logout');
    await write('auth.logout'); // No seal covers it yet.
    const read = () => database.query('select e.* from auth.audit_event e order by id');
    const before = await read();
    expect(before).toHaveLength(5);
    await db.destroy();
    await migrateToLatest(database.adminUrl);
    db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 4 });
    expect(await read()).toEqual(before);
    expect(new Set((await listPlaces()).map((place) => place.split(' ')[0]))).toEqual(
      new Set(['auth.audit_event_past']),
    );
    await seal(new Date());
    expect(await verify()).toMatchObject({ faults: [], seals: 3, events: 4 });
    const keyEvents = await database
      .query(`set role signet_portal; select kind from auth.key_events(9, null, null, null, null, null)`)
      .catch((error) => error);
    expect(keyEvents).not.toBeInstanceOf(Error);
    await db.destroy();
    await rollback(database.adminUrl);
    expect(await read()).toEqual(before);
  });

  it('are not read on the way where a check says beforehand what is in them', async () => {
    await db.destroy();
    for (let undone = await rollback(database.adminUrl); !undone.includes('0035-audit-partitions'); ) {
      undone = await rollback(database.adminUrl);
    }
    const { up } = await import('../../migrations/0035-audit-partitions.ts');
    const [{ month }] = await database.query(
      `select (date_trunc('month', now() at time zone 'UTC') + interval '1 month')::text as month`,
    );
    await database.query(
      `alter table auth.audit_event add constraint audit_event_until check (happened_at < '${month}+00') not valid`,
    );
    await database.query('alter table auth.audit_event validate constraint audit_event_until');
    const client = new pg.Client({ connectionString: database.adminUrl });
    const messages: string[] = [];
    client.on('notice', ({ message }) => messages.push(String(message)));
    await client.connect();
    await client.query('begin; set local client_min_messages = debug1; set local role signet_owner');
    await up(new Kysely<unknown>({ dialect: new PostgresDialect({ pool: poolOf(client) }) }));
    expect(messages).toContainEqual(
      expect.stringMatching(
        /partition constraint for table "audit_event_past" is implied by existing constraints/,
      ),
    );
    const { rows } = await client.query(`select from pg_constraint where conname = 'audit_event_until'`);
    expect(rows).toEqual([]);
    await client.query('rollback');
    await client.end();
    db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 4 });
  });

  it('have no door of their own: neither a right nor a policy, for no process and not for their owner', async () => {
    await makeEarlierMonths();
    await writeSealed(monthsAgo(2), 'auth.logout');
    await write('auth.logout');
    const tables = await listTables('^audit_event');
    expect(tables.length).toBeGreaterThan(13 * 7);
    const open = await database.query(`
      select relname from pg_class c where relispartition and relkind in ('r', 'p')
        and not (relrowsecurity and relforcerowsecurity and relowner = 'signet_owner'::regrole)
      union all select relname from pg_class c, aclexplode(relacl) a where relispartition and a.grantee <> relowner
      union all select relname from pg_attribute join pg_class c on c.oid = attrelid where relispartition and attacl is not null
      union all select relname from pg_policy join pg_class c on c.oid = polrelid where relispartition`);
    expect(open).toEqual([]);
    const places = [
      'auth.audit_event_past',
      `auth.audit_event_${monthOf(monthsAgo(2))}`,
      ...(await listPlaces()).map((row) => row.split(' ')[0]),
    ];
    for (const role of processRoles) {
      const client = new pg.Client({ connectionString: database.urlOf(role) });
      await client.connect();
      await client.query(`select set_config('app.tenant', $1, false)`, [tenantId]);
      for (const place of places) {
        for (const statement of [
          `select kind from ${place}`,
          `insert into ${place} (tenant_id, kind, platform) values ('${tenantId}', 'auth.logout', 'user')`,
          `update ${place} set kind = kind`,
          `delete from ${place}`,
          `drop table ${place}`,
          `alter table auth.audit_event detach partition ${place}`,
        ]) {
          await expect(client.query(statement), `${role}: ${statement}`).rejects.toMatchObject({
            code: '42501',
          });
        }
      }
      await client.end();
    }
    expect(await database.query(`set role signet_owner`)).toEqual([]);
    expect(await listPlaces()).toHaveLength(2);
  });

  it('are made ahead by both platforms at once, each month once', async () => {
    const portal = createDatabase(database.urlOf('signet_auth_portal'), { maxConnections: 2 });
    const runs = await Promise.all(
      [db, portal, db, portal].map((one) =>
        makeAuditPartitions(one === db ? 'user' : 'portal', 7).prune(one, 1000),
      ),
    );
    await portal.destroy();
    // Three months were there.
    expect(runs.reduce((sum, made) => sum + made, 0)).toBe(4);
    expect(await listTables('^audit_event_\\d{4}_\\d\\d$')).toHaveLength(7);
    expect(await makeAuditPartitions(platform, 7).prune(db, 1000)).toBe(0);
  });

  it('have one for rows of a month that nobody made, and give them to it once it is there', async () => {
    await write('auth.logout');
    await write('auth.login.failure');
    await database.query(`update auth.audit_event set happened_at = now() + interval '10 months'`);
    expect(await listPlaces()).toEqual([
      'auth.audit_event_rest auth.logout',
      'auth.audit_event_rest auth.login.failure',
    ]);
    await seal(new Date());
    await makeAuditPartitions(platform, 11).prune(db, 1000);
    const month = (await listPlaces())[0]?.match(/\d{4}_\d\d/)?.[0];
    expect(await listPlaces()).toEqual([
      `auth.audit_event_${month}_user_acts auth.logout`,
      `auth.audit_event_${month}_user_refusals auth.login.failure`,
    ]);
    expect(await database.query('select from auth.audit_pending')).toEqual([]);
    expect((await verify()).faults).toEqual([]);
  });

  it('part refusals from acts as retention does', async () => {
    const [{ bound }] = await database.query(
      `select pg_get_expr(relpartbound, oid) as bound from pg_class where relname ~ 'user_refusals$' limit 1`,
    );
    expect(Array.from(bound.matchAll(/'([^']+)'/g), (match: string[]) => match[1]).sort()).toEqual(
      [...auditRefusals].sort(),
    );
  });
});

describe('retention', () => {
  const refusalsFor180Days: AuditRetention = Object.fromEntries(auditRefusals.map((kind) => [kind, 180]));
  const prune = (retention: AuditRetention, signal?: AbortSignal) =>
    pruneAuditLog({ platform, key, retention }).prune(db, 1000, signal);
  beforeEach(makeEarlierMonths);

  it('drops the tables of months that are over for all their kinds, and the chain still verifies', async () => {
    await writeSealed(monthsAgo(9), 'auth.login.failure', 'auth.logout', 'auth.throttled');
    await writeSealed(monthsAgo(8), 'auth.login.failure', 'auth.login.success');
    await writeSealed(monthsAgo(2), 'auth.login.failure');
    expect(await prune(refusalsFor180Days)).toBe(3);
    const month = (ago: number) => monthOf(monthsAgo(ago));
    expect(await listPlaces()).toEqual([
      `auth.audit_event_${month(9)}_user_acts auth.logout`,
      `auth.audit_event_${month(8)}_user_acts auth.login.success`,
      `auth.audit_event_${month(2)}_user_refusals auth.login.failure`,
    ]);
    const left = await listTables('_user_refusals$');
    expect(left).not.toContain(`audit_event_${month(8)}_user_refusals`);
    expect(left).toContain(`audit_event_${month(2)}_user_refusals`);
    expect(await listTables(`${month(9)}_portal_refusals`)).toHaveLength(1);
    expect(await verify()).toMatchObject({ faults: [], seals: 3, pruned: 3 });
    expect(await prune(refusalsFor180Days)).toBe(0);
  });

  it('keeps a table with a row that no seal covers, and deletes the others', async () => {
    await writeSealed(monthsAgo(9), 'auth.login.failure', 'auth.login.failure');
    await database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, happened_at) values ($1, 'auth.login.failure', 'user', $2)`,
      [tenantId, monthsAgo(9)],
    );
    await database.query('delete from auth.audit_pending');
    expect(await prune(refusalsFor180Days)).toBe(2);
    expect(await listPlaces()).toHaveLength(1);
    expect((await verify()).faults).toEqual([expect.stringMatching(/is in no user seal/)]);
  });

  it('goes on after a stop in the middle, and records no row twice', async () => {
    await writeSealed(monthsAgo(9), 'auth.login.failure', 'auth.throttled');
    const small = pruneAuditLog({ platform, key, retention: refusalsFor180Days });
    const stop = new AbortController();
    let checks = 0;
    const signal = Object.create(stop.signal, { aborted: { get: () => ++checks > 1 } }) as AbortSignal;
    await small.prune(db, 1, signal);
    await prune(refusalsFor180Days);
    const records = await database.query('select unnest(event_ids) as id from auth.audit_pruning');
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    expect(records).toHaveLength(2);
    expect(await verify()).toMatchObject({ faults: [], pruned: 2 });
  });

  it('deletes rows one by one where their kind expires before others of their table', async () => {
    await writeSealed(monthsAgo(4), 'auth.logout', 'auth.login.success', 'auth.login.failure');
    await writeSealed(monthsAgo(11), 'auth.logout', 'auth.login.success');
    expect(await prune({ 'auth.logout': 60, '*': 300 })).toBe(3);
    expect((await listPlaces()).map((place) => place.split(' ')[1])).toEqual([
      'auth.login.success',
      'auth.login.failure',
    ]);
    expect(await listTables(`${monthOf(monthsAgo(11))}_user_acts`)).toEqual([]);
    expect(await verify()).toMatchObject({ faults: [], pruned: 3 });
  });

  it('is no way to drop a young table, one of the other platform, or one with more rows than were recorded', async () => {
    await writeSealed(monthsAgo(9), 'auth.logout');
    const drop = (ago: number, recorded: number, of = 'user') =>
      db.executeQuery<{ dropped: boolean }>(
        CompiledQuery.raw(
          `select auth.drop_${of}_audit_partition('${monthsAgo(ago).toISOString().slice(0, 8)}01', 'acts', ${recorded}) as dropped`,
        ) as CompiledQuery<{ dropped: boolean }>,
      );
    expect((await drop(0, 0)).rows).toEqual([{ dropped: false }]);
    expect((await drop(9, 0)).rows).toEqual([{ dropped: false }]);
    await expect(drop(9, 1, 'portal')).rejects.toMatchObject({ code: '42501' });
    expect(await listPlaces()).toHaveLength(1);
    expect((await drop(9, 1)).rows).toEqual([{ dropped: true }]);
    // Whoever drops without a record is found.
    expect((await verify()).faults).toEqual([expect.stringMatching(/^row .* is missing$/)]);
  });
});
