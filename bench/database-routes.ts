/**
 * What a read and a small transaction cost through PgBouncer and at a replica, beside the server itself.
 *
 *     npm run bench -- bench/database-routes.ts
 */
import { randomBytes } from 'node:crypto';
import {
  createDatabase,
  createRoles,
  type Database,
  inRequest,
  inTenant,
  migrateToLatest,
  type ProcessRole,
  processRoles,
  readInTenant,
  roleUrl,
} from '@signet/db';
import { startPgBouncer } from '@signet/testing/pgbouncer';
import { startReplicatedPostgres } from '@signet/testing/replicated-postgres';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';

const seconds = 4;
const rows = 1000;
const passwords = Object.fromEntries(
  processRoles.map((role) => [role, randomBytes(12).toString('hex')]),
) as Record<ProcessRole, string>;

const postgres = await startReplicatedPostgres();
const { adminUrl } = postgres.primary;
await createRoles(adminUrl, passwords);
await migrateToLatest(adminUrl);
const replica = await postgres.addReplica();
const bouncer = await startPgBouncer({ serverUrl: adminUrl, passwords, settings: { default_pool_size: 10 } });
const admin = new pg.Client({ connectionString: adminUrl });
await admin.connect();
const tenant = (
  await admin.query(`insert into auth.tenant (slug, name) values ('bench', 'Bench') returning id`)
).rows[0].id;
await admin.query(
  `insert into auth.user (tenant_id, email, full_name, password_hash, pepper_id)
   select $1, n || '@example.com', 'Somebody', 'none', 'none' from generate_series(1, ${rows}) n`,
  [tenant],
);

const url = roleUrl(adminUrl, 'signet_auth_user', passwords.signet_auth_user);
const routes: [string, Kysely<Database>][] = [
  ['the server itself', createDatabase(url)],
  ['PgBouncer', createDatabase(bouncer.urlOf(url))],
  ['a replica', createDatabase(url, { replicas: [replica.host] })],
];
const byEmail = (trx: Kysely<Database>) =>
  trx
    .selectFrom('auth.user')
    .select(['id', 'full_name', sql<boolean>`pg_is_in_recovery()`.as('isReplica')])
    .where('email', '=', `${1 + Math.floor(Math.random() * rows)}@example.com`)
    .execute();
let caller = 0;
const kinds = {
  read: (db: Kysely<Database>) =>
    inRequest({ caller: `${caller++}` }, () => readInTenant(db, tenant, byEmail)),
  transaction: (db: Kysely<Database>) =>
    inRequest({ caller: `${caller++}` }, () => inTenant(db, tenant, byEmail)),
};

/** Milliseconds of each call, the calls a second, and the share that a replica answered. */
async function measure(run: () => ReturnType<typeof byEmail>, atOnce: number) {
  const times: number[] = [];
  let [answers, atReplica] = [0, 0];
  const end = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() < end) {
        const startedAt = performance.now();
        const [row] = await run();
        times.push(performance.now() - startedAt);
        answers += 1;
        if (row?.isReplica) atReplica += 1;
      }
    }),
  );
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(share * times.length)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${Math.round(answers / seconds)}/s, ${Math.round((100 * atReplica) / answers)} % at a replica`;
}

try {
  for (const [name, db] of routes) {
    for (let n = 0; n < 200; n++) await kinds.read(db).then(() => kinds.transaction(db));
    if (name === 'a replica') await new Promise((resolve) => setTimeout(resolve, 2000));
    for (const [kind, run] of Object.entries(kinds)) {
      for (const atOnce of [1, 16]) {
        console.log(`${name}, ${kind}, ${atOnce} at once: ${await measure(() => run(db), atOnce)}`);
      }
    }
  }
  const [, db] = routes[2] as (typeof routes)[number];
  let isWriting = true;
  let writes = 0;
  const writing = (async () => {
    while (isWriting) {
      await admin.query('update auth.user set full_name = $1 where email = $2', [
        randomBytes(4).toString('hex'),
        `${1 + (writes++ % rows)}@example.com`,
      ]);
    }
  })();
  const before = writes;
  const figures = await measure(() => kinds.read(db), 16);
  console.log(`a replica, read, 16 at once, ${Math.round((writes - before) / seconds)} writes/s: ${figures}`);
  isWriting = false;
  await writing;
} finally {
  for (const [, db] of routes) await db.destroy();
  await admin.end();
  await bouncer.remove();
  await postgres.remove();
}
