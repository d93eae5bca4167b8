import { productSubgraphs } from '@signet/schema/subgraphs';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from './database.ts';
import { pruneWith } from './housekeeping.ts';
import { createNonceStore, type NonceTableName } from './nonce-store.ts';
import { type ProcessRole, roleOf } from './roles.ts';
import type { Database } from './tables.ts';

const tables: readonly (readonly [NonceTableName, ProcessRole])[] = [
  ['auth.user_proof_nonce', 'signet_auth_user'],
  ['auth.portal_proof_nonce', 'signet_auth_portal'],
  ...productSubgraphs.map(({ name }) => [`${name}.proof_nonce`, roleOf(name)] as const),
];

let database: TestDatabase;
const pools: Kysely<Database>[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.destroy()));
  await database.drop();
});

function connect(role: ProcessRole, maxConnections = 2): Kysely<Database> {
  const pool = createDatabase(database.urlOf(role), { maxConnections });
  pools.push(pool);
  return pool;
}

const inHalfAMinute = () => new Date(Date.now() + 30_000);

describe.each(tables)('%s', (table, role) => {
  it('takes a nonce once', async () => {
    const nonces = createNonceStore(connect(role), table);
    expect(await nonces.use('first', inHalfAMinute())).toBe(true);
    expect(await nonces.use('first', inHalfAMinute())).toBe(false);
    expect(await nonces.use('second', inHalfAMinute())).toBe(true);
  });

  it('loses no nonce for pruning before it has long expired', async () => {
    await database.query(
      `insert into ${table} values ('old', now() - interval '6 minutes'), ('late', now() - interval '4 minutes'), ('new', now() + interval '30 seconds')`,
    );
    const [schema, name] = table.split('.');
    expect(await pruneWith('nonces', `${schema}.prune_${name}s`).prune(connect(role), 10)).toBe(1);
    const left = await database.query(`select nonce from ${table} where nonce in ('old', 'late', 'new')`);
    expect(left.map(({ nonce }) => nonce).sort()).toEqual(['late', 'new']);
  });
});

it('gives a nonce to one of many who come at once, from several processes', async () => {
  const replicas = [1, 2, 3].map(() => createNonceStore(connect('signet_portal', 8), 'portal.proof_nonce'));
  for (let round = 0; round < 20; round++) {
    const outcomes = await Promise.all(
      Array.from({ length: 24 }, (_, index) => replicas[index % 3]?.use(`race ${round}`, inHalfAMinute())),
    );
    expect(outcomes.filter((isFirst) => isFirst)).toHaveLength(1);
  }
});

it('takes nothing where the database can not be reached', async () => {
  const url = new URL(database.urlOf('signet_portal'));
  url.port = '1';
  const gone = createDatabase<Database>(url.href, { maxConnections: 1 });
  pools.push(gone);
  await expect(createNonceStore(gone, 'portal.proof_nonce').use('n', inHalfAMinute())).rejects.toThrow();
});

it('is written to no log of the server: a row is of use for a minute', async () => {
  const rows = await database.query(
    `select relpersistence from pg_class where relname like '%proof_nonce' and relkind = 'r'`,
  );
  expect(rows.map(({ relpersistence }) => relpersistence)).toEqual(tables.map(() => 'u'));
});
