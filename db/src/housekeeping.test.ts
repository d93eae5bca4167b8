import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from './database.ts';
import { type HousekeepingJob, pruneWith, runHousekeeping, startHousekeeping } from './housekeeping.ts';
import type { ProcessRole } from './roles.ts';
import type { Database } from './tables.ts';

let database: TestDatabase;
let tenants: string[];
const pools: Kysely<Database>[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  tenants = [await database.addTenant('demo'), await database.addTenant('globex')];
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.destroy()));
  await database.drop();
});

function connect(role: ProcessRole): Kysely<Database> {
  const pool = createDatabase(database.urlOf(role), { maxConnections: 2 });
  pools.push(pool);
  return pool;
}

async function addSession(platform: 'user' | 'portal', tenantId: string, ended: string, expires: string) {
  const account =
    platform === 'user'
      ? `insert into auth.user (tenant_id, email, password_hash, pepper_id) values ($1, uuidv7() || '@example.com', 'h', 'p') returning id`
      : `insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
         values ($1, uuidv7() || '@example.com', 'S', 'support', 'h', 'p') returning id`;
  const column = platform === 'user' ? 'user_id' : 'staff_id';
  const [row] = await database.query(
    `with account as (${account})
     insert into auth.${platform}_session (tenant_id, ${column}, password_version, amr, ended_at, end_reason, expires_at)
     select $1, id, 1, '{pwd}', now() + $2::interval, case when $2 is null then null else 'logout' end, now() + $3::interval from account
     returning id`,
    [tenantId, ended || null, expires],
  );
  return row.id as string;
}

describe.each(['user', 'portal'] as const)('%s', (platform) => {
  const role = `signet_auth_${platform}` as const;
  const listSessions = async () =>
    (await database.query(`select id from auth.${platform}_session`)).map(({ id }) => id);

  it('sessions go 30 days after their end, of every tenant, and live ones and later ends stay', async () => {
    const kept: string[] = [];
    for (const tenant of tenants) {
      await addSession(platform, tenant, '-31 days', '10 days');
      await addSession(platform, tenant, '', '-31 days');
      kept.push(
        await addSession(platform, tenant, '', '10 days'),
        await addSession(platform, tenant, '-29 days', '10 days'),
        await addSession(platform, tenant, '', '-29 days'),
      );
    }
    const jobs = [pruneWith('sessions', `auth.prune_${platform}_sessions`)];
    expect(await runHousekeeping({ db: connect(role), name: 'test', jobs })).toEqual({ sessions: 4 });
    expect((await listSessions()).sort()).toEqual(kept.sort());
  });

  it('refresh tokens go when they have expired, and their session stays', async () => {
    const session = await addSession(platform, tenants[0] ?? '', '', '10 days');
    await database.query(
      `insert into auth.${platform}_refresh_token (token_hash, tenant_id, session_id, expires_at)
       select sha256(n::text::bytea), $1, $2, now() + n * interval '1 hour' from generate_series(-3, 3) n where n <> 0`,
      [tenants[0], session],
    );
    const jobs = [pruneWith('tokens', `auth.prune_${platform}_refresh_tokens`)];
    expect(await runHousekeeping({ db: connect(role), name: 'test', jobs })).toEqual({ tokens: 3 });
    const left = await database.query(
      `select expires_at > now() as live from auth.${platform}_refresh_token`,
    );
    expect(left.map(({ live }) => live)).toEqual([true, true, true]);
    expect(await listSessions()).toContain(session);
  });
});

it('revocations go when no token can be alive any more, and that of a key never', async () => {
  await database.query(
    `insert into auth.revocation (kind, platform, subject, expires_at)
     values ('session', 'user', 'old', now() - interval '6 minutes'), ('session', 'user', 'new', now() + interval '1 hour'),
       ('session', 'portal', 'other', now() - interval '1 hour'),
       ('signing_key', 'user', 'kid', 'infinity')`,
  );
  const jobs = [pruneWith('revocations', 'auth.prune_user_revocations')];
  await runHousekeeping({ db: connect('signet_auth_user'), name: 'test', jobs });
  const left = await database.query('select subject from auth.revocation order by 1');
  expect(left.map(({ subject }) => subject)).toEqual(['kid', 'new', 'other']);
});

describe('housekeeping', () => {
  /** Of `rows` things, deletes as many as it is asked to. */
  function countingJob(rows: number): HousekeepingJob & { asked: number[] } {
    const asked: number[] = [];
    let left = rows;
    return {
      name: 'things',
      asked,
      async prune(_db, most) {
        asked.push(most);
        await sleep(5);
        const pruned = Math.min(left, most);
        left -= pruned;
        return pruned;
      },
    };
  }

  it('deletes a batch a statement until nothing is left', async () => {
    const job = countingJob(25);
    const options = { db: connect('signet_auth_user'), name: 'test', jobs: [job], batchSize: 10, pauseMs: 1 };
    expect(await runHousekeeping(options)).toEqual({ things: 25 });
    expect(job.asked).toEqual([10, 10, 10]);
  });

  it('deletes no more in a statement than it is asked to', async () => {
    for (let n = 0; n < 5; n++) await addSession('user', tenants[0] ?? '', '', '-40 days');
    const job = pruneWith('sessions', 'auth.prune_user_sessions');
    expect(await job.prune(connect('signet_auth_user'), 2)).toBe(2);
  });

  it('is done by one of two replicas that come at once', async () => {
    const job = countingJob(30);
    const options = { name: 'test', batchSize: 10, pauseMs: 1 };
    const others: unknown[] = [];
    const meetsAnother: HousekeepingJob = {
      name: 'things',
      async prune(db, most) {
        // While this replica works, whatever the machine's speed.
        others.push(await runHousekeeping({ ...options, jobs: [job], db: connect('signet_auth_user') }));
        return job.prune(db, most);
      },
    };
    const outcome = await runHousekeeping({
      ...options,
      jobs: [meetsAnother],
      db: connect('signet_auth_user'),
    });
    expect(outcome).toEqual({ things: 30 });
    expect(others).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('keeps no dead row of other tables from being removed, however long it takes', async () => {
    const held: unknown[] = [];
    const looks: HousekeepingJob = {
      name: 'things',
      async prune() {
        held.push(
          ...(await database.query(
            `select state, backend_xmin, backend_xid from pg_stat_activity
             where datname = current_database() and state = 'idle in transaction'`,
          )),
        );
        return 0;
      },
    };
    await runHousekeeping({ db: connect('signet_auth_user'), name: 'test', jobs: [looks] });
    expect(held).toEqual([{ state: 'idle in transaction', backend_xmin: null, backend_xid: null }]);
  });

  it('does the other jobs when one fails', async () => {
    const broken = { name: 'broken', prune: () => Promise.reject(new Error('no')) };
    const job = countingJob(1);
    const options = { db: connect('signet_auth_user'), name: 'test', jobs: [broken, job] };
    await expect(runHousekeeping(options)).rejects.toThrow('in part');
    expect(job.asked).toHaveLength(1);
    expect(await runHousekeeping({ ...options, jobs: [] })).toEqual({}); // The lock is free again.
  });

  it('comes by itself and stops in time', async () => {
    const job = countingJob(Number.POSITIVE_INFINITY);
    const log = { info: () => {}, warn: () => {} };
    const options = { db: connect('signet_auth_user'), name: 'test', jobs: [job], pauseMs: 1, log };
    const housekeeping = startHousekeeping({ ...options, everyMs: 10 });
    await expect.poll(() => job.asked.length).toBeGreaterThan(2);
    await housekeeping.stop();
    const { length } = job.asked;
    await sleep(30);
    expect(job.asked).toHaveLength(length);
  });
});
