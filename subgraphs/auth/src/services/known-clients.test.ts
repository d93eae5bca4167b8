import { randomUUID } from 'node:crypto';
import { createDatabase } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKnownClients, type KnownClients } from './known-clients.ts';

let database: TestDatabase;
let db: ReturnType<typeof createDatabase>;
const statements: string[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  db = createDatabase(database.urlOf('signet_auth_user'), { onQuery: (text) => statements.push(text) });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

/** What one process knows, with a clock of its own. */
function open() {
  let time = 0;
  const known = createKnownClients({ db, platform: 'user', now: () => time });
  const wait = (seconds: number) => {
    time += seconds * 1000;
  };
  return { known, wait };
}
const note = async (known: KnownClients, client: string, address: string) => {
  known.note(client, address);
  await known.settled();
};

describe('a client that was itself from an address', () => {
  it('is known there to every replica, and after a restart', async () => {
    const [client, address] = [randomUUID(), '192.0.2.1'];
    const here = open();
    expect(await here.known.has(client, address)).toBe(false);
    await note(here.known, client, address);
    expect(here.known.has(client, address)).toBe(true);
    const { known } = open();
    expect(await known.has(client, address)).toBe(true);
    expect(await known.has(client, '192.0.2.2')).toBe(false);
    expect(await known.has(randomUUID(), address)).toBe(false);
    expect(await known.has('no UUID', address)).toBe(false);
    expect(await known.has(client, undefined)).toBe(false);
  });

  it('is forgotten after a day', async () => {
    const [client, address] = [randomUUID(), '2001:db8::1'];
    const here = open();
    await note(here.known, client, address);
    await database.query(
      `update auth.user_client_address set seen_at = now() - interval '25 hours 1 minute' where account_id = $1`,
      [client],
    );
    expect(await open().known.has(client, address)).toBe(false);
    here.wait(24 * 3600 + 1);
    expect(await here.known.has(client, address)).toBe(false);
    await sql`select auth.prune_user_client_addresses(100)`.execute(db);
    expect(
      await database.query('select from auth.user_client_address where account_id = $1', [client]),
    ).toEqual([]);
  });

  it('is written once an hour, and a stranger who asks about thousands causes a statement each five seconds', async () => {
    const [client, address] = [randomUUID(), '192.0.2.9'];
    const { known, wait } = open();
    statements.length = 0;
    for (let count = 0; count < 50; count += 1) await note(known, client, address);
    expect(statements).toHaveLength(1);
    wait(3601);
    await note(known, client, address);
    expect(statements).toHaveLength(2);
    statements.length = 0;
    await Promise.all(Array.from({ length: 2000 }, () => known.has(randomUUID(), '192.0.2.10')));
    expect(statements).toHaveLength(1);
    wait(6);
    await known.has(randomUUID(), '192.0.2.10');
    expect(statements).toHaveLength(2);
  });
});
