import { createTestDatabase, type TestDatabase } from '@signet/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryNonceStore } from './memory-nonces.ts';
import { openPostgresNonceStore } from './postgres-nonces.ts';

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);

describe('nonces in memory', () => {
  it('are used once', async () => {
    const store = createMemoryNonceStore();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.use('a', inSeconds(30))));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await store.use('b', inSeconds(30))).toBe(true);
  });

  it('are kept longer than a proof is accepted, and not for ever', async () => {
    let now = Date.now();
    const store = createMemoryNonceStore({ maxNonces: 1, now: () => now });
    const expiresAt = new Date(now + 30_000);
    await store.use('a', expiresAt);
    now += 30_000 + 59_000;
    expect(await store.use('a', expiresAt)).toBe(false);
    await expect(store.use('b', inSeconds(30))).rejects.toThrow(/is full/);
    now += 2000;
    expect(await store.use('c', new Date(now))).toBe(true);
  });
});

describe('nonces in PostgreSQL', () => {
  let database: TestDatabase;
  let pools: pg.Pool[];
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.query('create schema reviews');
    pools = [1, 2].map(() => new pg.Pool({ connectionString: database.adminUrl, max: 5 }));
    // Its end does not wait for the connections, which the drop of the database may meet.
    for (const pool of pools) pool.on('error', () => {});
  });
  afterAll(async () => {
    for (const pool of pools) await pool.end();
    await database.drop();
  });

  it('are used once, by however many replicas', async () => {
    const [one, two] = await Promise.all(
      pools.map((pool) => openPostgresNonceStore(pool, { table: 'reviews.nonce' })),
    );
    const uses = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : two)?.use('a', inSeconds(30)));
    expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1);
    expect(await one?.use('b', inSeconds(30))).toBe(true);
  });

  it('fail loudly where the database is away', async () => {
    const [pool] = pools as [pg.Pool];
    const store = await openPostgresNonceStore(pool, { table: 'reviews.lost' });
    await database.query('drop table reviews.lost');
    await expect(store.use('a', inSeconds(30))).rejects.toThrow();
  });

  it.each(['x; drop table y', '"X"', 'a.b.c', ''])('stand in no table named %s', async (table) => {
    await expect(openPostgresNonceStore(pools[0] as pg.Pool, { table })).rejects.toThrow(TypeError);
  });
});
