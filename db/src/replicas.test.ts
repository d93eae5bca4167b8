import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '@signet/testing/database';
import {
  type ReplicatedPostgres,
  startReplicatedPostgres,
  type TestReplica,
} from '@signet/testing/replicated-postgres';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDatabase } from './database.ts';
import { createRoles, migrateToLatest, type ProcessRole, processRoles, roleUrl } from './index.ts';
import { createRelationStore } from './relations.ts';
import { inRequest, usePrimary } from './request-scope.ts';
import type { Database } from './tables.ts';
import { readInTenant } from './tenant-reads.ts';
import { inTenant } from './tenant-transaction.ts';

const passwords = Object.fromEntries(
  processRoles.map((role) => [role, randomBytes(12).toString('hex')]),
) as Record<ProcessRole, string>;
let postgres: ReplicatedPostgres;
let replica: TestReplica;
let tenant: string;
let db: Kysely<Database>;
let lines: string[];
let writer: pg.Client;

beforeAll(async () => {
  postgres = await startReplicatedPostgres();
  await createRoles(postgres.primary.adminUrl, passwords);
  await migrateToLatest(postgres.primary.adminUrl);
  replica = await postgres.addReplica();
  writer = new pg.Client({ connectionString: postgres.primary.adminUrl });
  await writer.connect();
  tenant = await withClient(postgres.primary.adminUrl, async (client) => {
    const { rows } = await client.query(
      `insert into auth.tenant (slug, name) values ('one', 'One') returning id`,
    );
    await client.query(
      `insert into auth.user (tenant_id, email, full_name, password_hash, pepper_id) values ($1, 'ada@example.com', 'A', 'none', 'none')`,
      [rows[0].id],
    );
    return rows[0].id;
  });
});
afterAll(async () => {
  await writer.end();
  await postgres.remove();
});

beforeEach(() => {
  db = open([replica]);
});
afterEach(() => db.destroy());

function open(replicas: readonly TestReplica[], role: ProcessRole = 'signet_auth_user') {
  lines = [];
  return createDatabase<Database>(roleUrl(postgres.primary.adminUrl, role, passwords[role]), {
    replicas: replicas.map(({ host }) => host),
    log: (line) => lines.push(line),
  });
}

const inOne = <T>(fn: () => Promise<T>) => inRequest({ caller: 'somebody' }, fn);
/** Where a read of a request runs: `replica` or `primary`. */
const where = (trx: Kysely<Database>) =>
  sql<{ place: string }>`
    select case when pg_is_in_recovery() then 'replica' else 'primary' end as place, ${1}::integer as one`
    .execute(trx)
    .then(({ rows }) => rows[0]?.place);
const readPlace = () => readInTenant(db, tenant, where);
const readPlaceInOne = () => inOne(readPlace);
/** From now on, reads go to the replica. */
const untilFollowing = () => expect.poll(readPlaceInOne).toBe('replica');

/** Another process writes; returns what. */
async function addName(): Promise<string> {
  const name = randomBytes(6).toString('hex');
  await writer.query('update auth.user set full_name = $2 where tenant_id = $1', [tenant, name]);
  return name;
}
const readName = () =>
  readInTenant(db, tenant, async (trx) => {
    const { rows } = await sql<{ name: string; place: string }>`
      select full_name as name, case when pg_is_in_recovery() then 'replica' else 'primary' end as place
      from auth.user where email = ${'ada@example.com'}`.execute(trx);
    return rows[0] as { name: string; place: string };
  });

it('sends reads of requests to a replica, and nothing else', async () => {
  await untilFollowing();
  expect(await readPlace()).toBe('primary'); // The process's own work.
  expect(await inOne(() => inTenant(db, tenant, where))).toBe('primary');
  expect(await inOne(async () => (await where(db)) as string)).toBe('primary');
});

it('reads at the primary in a request that has changed something, decides a permission or asks for a relation', async () => {
  await untilFollowing();
  const after = (fn: () => unknown) =>
    inOne(async () => {
      await fn();
      return readPlace();
    });
  expect(await after(() => inTenant(db, tenant, async () => {}))).toBe('primary');
  expect(await after(usePrimary)).toBe('primary');
  // This role may not read them. The statement is refused where it runs.
  const ask = () =>
    createRelationStore(db)
      .check(tenant, [])
      .catch(() => {});
  expect(await after(ask)).toBe('primary');
  // On a busy machine the replica may be behind for a moment.
  await expect.poll(() => after(() => {})).toBe('replica');
});

it('shows what was written before, each time, whoever wrote it: 300 writes, each read at once', async () => {
  await untilFollowing();
  const places: string[] = [];
  for (let round = 0; round < 300; round++) {
    const written = await addName();
    const { name, place } = await inOne(readName);
    expect(name).toBe(written);
    places.push(place);
  }
  // Or the test would show nothing.
  expect(places.filter((place) => place === 'replica').length).toBeGreaterThan(100);
});

it('shows what was written before, each time, while the replica falls behind and comes back', async () => {
  await untilFollowing();
  const places = new Set<string>();
  let isEnded = false;
  const lag = (async () => {
    for (let n = 0; n < 8; n++) {
      await replica.pause();
      await sleep(60);
      await replica.resume();
      await sleep(120);
    }
    isEnded = true;
  })();
  while (!isEnded) {
    const written = await addName();
    const { name, place } = await inOne(readName);
    expect(name).toBe(written);
    places.add(place);
  }
  await lag;
  expect([...places].toSorted()).toEqual(['primary', 'replica']);
});

it('leaves a replica that stays behind, says it once, and comes back to it', async () => {
  await untilFollowing();
  await replica.pause();
  const written = await addName();
  await expect.poll(() => lines).toEqual([`the replica ${replica.host} is behind: reads go to the primary`]);
  const startedAt = performance.now();
  for (let n = 0; n < 50; n++) expect(await inOne(readName)).toEqual({ name: written, place: 'primary' });
  expect(performance.now() - startedAt).toBeLessThan(1500);
  await replica.resume();
  await untilFollowing();
  expect(await inOne(readName)).toEqual({ name: written, place: 'replica' });
  expect(lines).toEqual([
    `the replica ${replica.host} is behind: reads go to the primary`,
    `the replica ${replica.host} answers reads again`,
  ]);
});

it('answers every read while a replica goes down and comes back, and says both once', async () => {
  await untilFollowing();
  let isEnded = false;
  const reads = Array.from({ length: 8 }, async () => {
    const seen = new Set<string>();
    while (!isEnded) seen.add((await readPlaceInOne()) ?? 'nothing');
    return seen;
  });
  await replica.stop();
  await expect
    .poll(() => lines)
    .toEqual([`the replica ${replica.host} does not answer: reads go to the primary`]);
  await replica.start();
  await untilFollowing();
  isEnded = true;
  const seen = (await Promise.all(reads)).flatMap((places) => [...places]);
  expect([...new Set(seen)].toSorted()).toEqual(['primary', 'replica']);
  expect(lines.slice(1)).toEqual([`the replica ${replica.host} answers reads again`]);
});

it('keeps no read waiting for a replica that accepts connections and answers nothing, the first reads neither', async () => {
  await untilFollowing();
  const frozen = new Set<number>();
  const listActive = () =>
    withClient(replica.adminUrl, async (client) => {
      const { rows } = await client.query<{ pid: number; query: string }>(
        `select pid, query from pg_stat_activity where application_name like 'signet-replica%'`,
      );
      return rows;
    });
  const readSlowly = () =>
    readInTenant(db, tenant, async (trx) => {
      const { rows } = await sql<{ place: string }>`
        select case when pg_is_in_recovery() then 'replica' else 'primary' end as place, pg_sleep(${1.5}::float8)`.execute(
        trx,
      );
      return rows[0]?.place;
    });
  try {
    let reads: Promise<{ place: string | undefined; ms: number }>[] = [];
    const readNow = async () => {
      const begun = performance.now();
      const place = await inOne(readSlowly);
      return { place, ms: performance.now() - begun };
    };
    // Where the replica is just behind, the primary answers.
    await expect
      .poll(
        async () => {
          reads = [1, 2, 3].map(readNow);
          await sleep(200);
          return (await listActive()).some(({ query }) => query.includes('pg_sleep'));
        },
        { timeout: 60_000, interval: 2000 },
      )
      .toBe(true);
    // The server starts new backends, which say that these are at work.
    for (const { pid } of await listActive()) {
      process.kill(pid, 'SIGSTOP');
      frozen.add(pid);
    }
    const waits = await Promise.all(reads);
    // A check begins within a second, and has a second. A statement has five, and its answer one more.
    expect(waits.some(({ place }) => place === 'primary')).toBe(true);
    expect(Math.max(...waits.map(({ ms }) => ms))).toBeLessThan(6000);
    expect(lines.filter((line) => line.includes('does not answer'))).toHaveLength(1);
    const next = performance.now();
    await readPlaceInOne();
    expect(performance.now() - next).toBeLessThan(5000);
  } finally {
    for (const pid of frozen) process.kill(pid, 'SIGCONT');
  }
  await expect.poll(readPlaceInOne, { timeout: 60_000 }).toBe('replica');
}, 120_000);

it('answers wrong values and slow statements as the primary does, without asking it once more', async () => {
  await untilFollowing();
  const fail = (text: ReturnType<typeof sql>) =>
    inOne(() => readInTenant(db, tenant, (trx) => text.execute(trx)));
  await expect(fail(sql`select ${'no number'}::integer`)).rejects.toMatchObject({ code: '22P02' });
  await expect(
    inRequest({ caller: 'x', deadline: performance.now() + 300 }, () =>
      readInTenant(db, tenant, (trx) => sql`select pg_sleep(20), ${1}::integer`.execute(trx)),
    ),
  ).rejects.toMatchObject({ code: '57014' });
  expect(await readPlaceInOne()).toBe('replica');
  expect(lines).toEqual([]);
});

it('never reads in a server that was promoted, nor in that of another database', async () => {
  const other = await startReplicatedPostgres();
  try {
    await createRoles(other.primary.adminUrl, passwords);
    const [promoted, stranger] = [await postgres.addReplica(), await other.addReplica()];
    await db.destroy();
    db = open([promoted]);
    await untilFollowing();
    await promoted.promote();
    // What only the promoted one has.
    await withClient(promoted.adminUrl, (client) =>
      client.query(`update auth.user set full_name = 'elsewhere'`),
    );
    const written = await addName();
    for (let n = 0; n < 20; n++) expect(await inOne(readName)).toEqual({ name: written, place: 'primary' });
    await expect
      .poll(() => lines)
      .toEqual([
        `the replica ${promoted.host} is no replica any more: it was promoted: reads go to the primary`,
      ]);
    await db.destroy();
    db = open([stranger]);
    await expect
      .poll(() => readPlaceInOne().then(() => lines))
      .toEqual([`the replica ${stranger.host} replicates another server: reads go to the primary`]);
    expect(await readPlaceInOne()).toBe('primary');
  } finally {
    await other.remove();
  }
});
