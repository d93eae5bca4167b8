import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, inTenant } from '../database.ts';
import type { Database } from '../tables.ts';
import { writeAuditEvent } from './audit-events.ts';
import { auditKeyId } from './audit-keys.ts';
import { sealAuditEvents, startAuditSealer } from './audit-sealer.ts';
import { tryLockSealing } from './audit-seals.queries.ts';
import { formatSealReference, parseSealReference, type SealReference } from './audit-seals.ts';
import { verifyIfDue } from './audit-verifier.ts';
import { verifyAuditLog } from './verify-audit-log.ts';

const key = randomBytes(32);
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

const options = () => ({ db, platform: 'user', keys: [key] }) as const;
const seal = () => sealAuditEvents(options());
const verify = async (lastSeal?: SealReference) => (await verifyAuditLog({ ...options(), lastSeal })).faults;
const write = () =>
  inTenant(db, tenantId, (trx) =>
    writeAuditEvent(trx, { kind: 'auth.logout', platform: 'user', tenantId, details: { n: 1 } }),
  );
const listIds = async () =>
  (await database.query('select id from auth.audit_event order by id')).map(({ id }) => id as string);

/** Three seals of two rows each. */
async function writeChain(): Promise<{ ids: string[]; last: SealReference }> {
  let last: SealReference | undefined;
  for (let n = 0; n < 3; n++) {
    await write();
    await write();
    last = await seal();
  }
  return { ids: await listIds(), last: last as SealReference };
}

/** As somebody who owns the server: triggers and rights hold nobody back. */
const tamper = (sql: string, values: unknown[] = []) => database.query(sql, values);

describe('a sealed log', () => {
  it('that nobody touched has no fault', async () => {
    const { last } = await writeChain();
    expect(await verifyAuditLog({ ...options(), lastSeal: last })).toEqual({
      platform: 'user',
      seals: 3,
      events: 6,
      pruned: 0,
      completeFrom: 1,
      faults: [],
      keys: [{ id: auditKeyId(key), from: 1 }],
      missingKeys: [],
      lastSeal: last,
    });
  });

  it.each([
    ['kind', `kind = 'auth.login.success'`],
    ['microsecond', `happened_at = happened_at + interval '1 microsecond'`],
    ['actor', 'actor_id = uuidv7()'],
    ['details', `details = '{"n": 2}'`],
    ['tenant', 'tenant_id = null'],
    ['address', `address = '192.0.2.1'`],
  ])('names the row whose %s was changed', async (_title, change) => {
    const { ids } = await writeChain();
    await tamper(`update auth.audit_event set ${change} where id = $1`, [ids[2]]);
    expect(await verify()).toEqual([
      expect.stringMatching(new RegExp(`^row ${ids[2]} of user seal 2 .* changed$`)),
    ]);
  });

  it('names a row that is missing', async () => {
    const { ids } = await writeChain();
    await tamper('delete from auth.audit_event where id = $1', [ids[3]]);
    expect(await verify()).toEqual([expect.stringMatching(new RegExp(`^row ${ids[3]} .* missing$`))]);
  });

  it('finds a row that was changed together with its digest', async () => {
    const { ids } = await writeChain();
    await tamper('delete from auth.audit_event where id = $1', [ids[0]]);
    await tamper(
      'update auth.audit_seal set event_ids = event_ids[2:2], digests = digests[2:2] where number = 1',
    );
    expect(await verify()).toEqual([expect.stringMatching(/^user seal 1 of .* was changed/)]);
  });

  it('names a row that was moved', async () => {
    const { ids } = await writeChain();
    await tamper(
      'update auth.audit_seal set event_ids = array[event_ids[2], event_ids[1]], digests = array[digests[2], digests[1]] where number = 2',
    );
    expect(await verify()).toEqual([expect.stringMatching(`reordered: row ${ids[2]}`)]);
  });

  it('finds seals that changed places', async () => {
    await writeChain();
    await tamper('update auth.audit_seal set number = 9 where number = 2');
    await tamper('update auth.audit_seal set number = 2 where number = 3');
    await tamper('update auth.audit_seal set number = 3 where number = 9');
    const faults = (await verify()).join('\n');
    expect(faults).toMatch(/user seal 2 .* was changed/);
    expect(faults).toMatch(/user seal 3 .* was changed/);
  });

  it('finds a seal taken out of the middle with its rows', async () => {
    const { ids } = await writeChain();
    await tamper('delete from auth.audit_seal where number = 2');
    await tamper('delete from auth.audit_event where id = any($1)', [ids.slice(2, 4)]);
    expect(await verify()).toEqual(['missing: user seal 2']);
  });

  it('finds an end that was cut off by the last seal of the log, and says so without a word when it is not given', async () => {
    const { ids, last } = await writeChain();
    await tamper('delete from auth.audit_seal where number = 3');
    await tamper('delete from auth.audit_event where id = any($1)', [ids.slice(4)]);
    expect(await verify()).toEqual([]);
    expect(await verify(last)).toEqual([expect.stringMatching(/^cut off: .* seal 3/)]);
    await write();
    await seal(); // Another third seal in its place.
    expect(await verify(last)).toEqual([
      expect.stringMatching(/^user seal 3 .* not the one that the log names/),
    ]);
  });

  it('finds a row that got past the sealer', async () => {
    await writeChain();
    await tamper(
      `insert into auth.audit_event (tenant_id, kind, platform) values ($1, 'auth.logout', 'user')`,
      [tenantId],
    );
    await tamper('delete from auth.audit_pending');
    expect(await verify()).toEqual([
      expect.stringMatching(`^row ${(await listIds()).at(-1)} is in no user seal`),
    ]);
  });

  it('is not believed under another key', async () => {
    await writeChain();
    const { faults } = await verifyAuditLog({ ...options(), keys: [randomBytes(32)] });
    expect(faults).toHaveLength(3);
  });
});

describe('sealing', () => {
  it('covers a row with an older id that commits after newer ones were sealed', async () => {
    let commit = () => {};
    const held = new Promise<void>((resolve) => {
      commit = resolve;
    });
    let wrote = () => {};
    const isWritten = new Promise<void>((resolve) => {
      wrote = resolve;
    });
    const late = inTenant(db, tenantId, async (trx) => {
      await writeAuditEvent(trx, { kind: 'auth.logout', platform: 'user', tenantId });
      wrote();
      await held;
    });
    await isWritten;
    await write();
    await seal();
    commit();
    await late;
    const [older, newer] = await listIds();
    const last = await seal();
    const seals = await database.query('select number, event_ids from auth.audit_seal order by number');
    expect(seals.map(({ event_ids }) => event_ids)).toEqual([[newer], [older]]);
    expect(await verify(last)).toEqual([]);
  });

  it('is done once by several replicas at once', async () => {
    await write();
    await write();
    const outcomes = await Promise.all([seal(), seal(), seal()]);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await verify()).toEqual([]);
  });

  it('is left to whoever is at it', async () => {
    await write();
    const outcome = await db.transaction().execute(async (trx) => {
      expect(await tryLockSealing(trx, 'user')).toBe(true);
      return seal();
    });
    expect(outcome).toBeUndefined();
    expect(await seal()).toBeDefined();
  });

  it('takes no more rows than a batch holds', async () => {
    for (let n = 0; n < 3; n++) await write();
    for (const expected of [2, 1]) {
      const reference = await sealAuditEvents({ ...options(), batchSize: 2 });
      const [row] = await database.query(
        'select cardinality(event_ids) as rows from auth.audit_seal where number = $1',
        [reference?.number],
      );
      expect(row.rows).toBe(expected);
    }
    expect(await verify()).toEqual([]);
  });

  it('goes on by itself, tells the log each seal, and leaves nothing behind when it stops', async () => {
    const lines: string[] = [];
    const log = {
      info: (fields: object) => lines.push((fields as { seal: string }).seal),
      error: (fields: object) => {
        throw fields;
      },
    };
    const sealer = startAuditSealer({ ...options(), log, everyMs: 10 });
    await write();
    await expect.poll(() => lines.length).toBe(1);
    await write();
    await sealer.stop();
    const last = parseSealReference(lines.at(-1) ?? '');
    expect(last).toMatchObject({ platform: 'user', number: lines.length });
    expect(await verify(last)).toEqual([]);
    expect(await database.query('select from auth.audit_pending')).toHaveLength(0);
  });

  it('says once what is wrong, however often it tries, and once that it can go on', async () => {
    const errors: string[] = [];
    const infos: string[] = [];
    const log = {
      info: (_fields: object, message: string) => infos.push(message),
      error: (fields: object) => errors.push(String((fields as { err: unknown }).err)),
    };
    await database.query('alter table auth.audit_seal rename to audit_seal_away');
    const sealer = startAuditSealer({ ...options(), log, everyMs: 10 });
    try {
      await write();
      await expect.poll(() => errors.length).toBe(1);
      await setTimeout(200);
      expect(errors).toEqual([expect.stringContaining('audit_seal')]);
    } finally {
      await database.query('alter table auth.audit_seal_away rename to audit_seal');
    }
    await expect.poll(() => infos).toContain('audit rows can be sealed again');
    await sealer.stop();
    expect(errors).toHaveLength(1);
    expect(await verify()).toEqual([]);
  });
});

describe('the sealer', () => {
  const log = { info() {}, error() {} };
  const verifyDue = () => verifyIfDue({ db, platform: 'user', keys: [key], log, everyHours: 24 });
  const cutEnd = () =>
    tamper(`with gone as (delete from auth.audit_seal where number = (select max(number) from auth.audit_seal) returning event_ids)
      delete from auth.audit_event where id in (select unnest(event_ids) from gone)`);

  it.each([
    ['is gone', 3, cutEnd],
    ['is another one', 3, () => tamper(`update auth.audit_seal set mac = sha256('x') where number = 3`)],
  ])(
    'sees that the seal which it made %s, seals on, and has the log verified',
    async (_title, number, change) => {
      const { last: known } = await writeChain();
      expect((await verifyDue())?.faults).toEqual([]);
      await change();
      await write();
      const faults: string[] = [];
      const sealed = await sealAuditEvents({
        ...options(),
        known,
        onFaults: (found) => faults.push(...found),
      });
      expect(sealed).toBeDefined();
      expect(faults[0]).toBe(`user seal ${number}, made by this process, is gone or another one`);
      expect((await verifyDue())?.faults.join('\n')).toMatch(/cut off|not the one that the log names/);
      // Its own seal of now is there.
      await write();
      await sealAuditEvents({
        ...options(),
        known: sealed,
        onFaults: (found) => faults.push(`again: ${found}`),
      });
      expect(faults.filter((fault) => fault.startsWith('again'))).toEqual([]);
    },
  );

  it('sees that the last seal was changed, whoever made it', async () => {
    await writeChain();
    await verifyDue();
    await tamper(
      'update auth.audit_seal set event_ids = event_ids[1:1], digests = digests[1:1] where number = 3',
    );
    await write();
    const faults: string[] = [];
    await sealAuditEvents({ ...options(), onFaults: (found) => faults.push(...found) });
    expect(faults).toEqual(['user seal 3, the last one, was changed']);
    expect((await verifyDue())?.faults.join('\n')).toMatch(/user seal 3 of .* was changed/);
  });

  it('takes seals of other processes, of a newer key and from before there were key ids for what they are', async () => {
    const { last: known } = await writeChain();
    await write();
    await seal();
    const faults: string[] = [];
    const onFaults = (found: readonly string[]) => faults.push(...found);
    await write();
    const newer = randomBytes(32);
    await sealAuditEvents({ ...options(), keys: [newer], known, onFaults });
    await tamper('update auth.audit_seal set key_id = null');
    await write();
    await sealAuditEvents({ ...options(), keys: [newer], onFaults });
    expect(faults).toEqual([]);
  });

  it('is heard where a verification is under way that has read past the fault: its result does not count', async () => {
    await write();
    await seal();
    await verifyDue();
    await write();
    const known = await seal();
    await cutEnd();
    // Another process seals on.
    await write();
    await seal();
    await database.query(`update auth.audit_verification set requested_at = clock_timestamp()`);
    const holder = createDatabase(database.adminUrl);
    let running: ReturnType<typeof verifyDue> | undefined;
    await holder.transaction().execute(async (trx) => {
      await sql`lock table auth.audit_pruning in access exclusive mode`.execute(trx);
      running = verifyDue();
      const waiting = `select from pg_locks where not granted and relation = 'auth.audit_pruning'::regclass`;
      await expect.poll(async () => (await database.query(waiting)).length, { timeout: 30_000 }).toBe(1);
      await write();
      await sealAuditEvents({ ...options(), known });
    });
    await holder.destroy();
    expect((await running)?.faults).toEqual([]);
    expect((await verifyDue())?.faults).toEqual([
      expect.stringMatching(/^user seal 2 of .* is not the one that the log names$/),
    ]);
  });
});

describe('the rows', () => {
  it.each(['signet_auth_user', 'signet_auth_portal', 'signet_portal'] as const)(
    'are not changed or deleted by %s, nor are seals',
    async (role) => {
      await writeChain();
      const own = createDatabase(database.urlOf(role));
      try {
        for (const table of ['auth.audit_event', 'auth.audit_seal', 'auth.audit_pruning'] as const) {
          await expect(own.deleteFrom(table).execute()).rejects.toMatchObject({ code: '42501' });
          await expect(own.updateTable(table).set({ platform: 'user' }).execute()).rejects.toMatchObject({
            code: '42501',
          });
        }
      } finally {
        await own.destroy();
      }
    },
  );

  it.each([
    ['signet_auth_user', 'portal'],
    ['signet_auth_portal', 'user'],
    ['signet_portal', 'user'],
  ] as const)("%s writes none in the other platform's name", async (role, platform) => {
    const own = createDatabase(database.urlOf(role));
    try {
      const attempt = inTenant(own, tenantId, (trx) =>
        writeAuditEvent(trx, { kind: 'auth.logout', platform, tenantId }),
      );
      await expect(attempt).rejects.toMatchObject({ code: '42501' });
    } finally {
      await own.destroy();
    }
  });
});

describe('a reference to a seal', () => {
  it('is read as it is written, and nothing else is', () => {
    const reference = { platform: 'portal', number: 12, mac: 'ab'.repeat(32) } as const;
    expect(parseSealReference(formatSealReference(reference))).toEqual(reference);
    for (const text of ['', 'portal:12', 'staff:12:ab', `portal:0:${'ab'.repeat(32)}`, 'portal:1:AB']) {
      expect(parseSealReference(text)).toBeUndefined();
    }
  });
});
