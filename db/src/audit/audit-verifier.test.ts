import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase, inTenant } from '../database.ts';
import type { Database } from '../tables.ts';
import { writeAuditEvent } from './audit-events.ts';
import { auditKeyId } from './audit-keys.ts';
import { sealAuditEvents } from './audit-sealer.ts';
import { verifyIfDue } from './audit-verifier.ts';

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

const log = { info() {}, error() {} };
const verify = (keys: readonly [Buffer, ...Buffer[]] = [key]) =>
  verifyIfDue({ db, platform: 'user', keys, log, everyHours: 24 });
const request = () =>
  database.query(
    `update auth.audit_verification set requested_at = clock_timestamp() where platform = 'user'`,
  );
const found = async () =>
  (await database.query(`select * from auth.audit_verification where platform = 'user'`))[0] ?? {};
async function writeSealed(): Promise<void> {
  await inTenant(db, tenantId, (trx) =>
    writeAuditEvent(trx, { kind: 'auth.logout', platform: 'user', tenantId, details: { n: 1 } }),
  );
  await sealAuditEvents({ db, platform: 'user', keys: [key] });
}

it('verifies at first, then where somebody asks or the time is over, one process at a time', async () => {
  await writeSealed();
  expect(await Promise.all([verify(), verify()])).toContainEqual(
    expect.objectContaining({ seals: 1, faults: [] }),
  );
  expect(await verify()).toBeUndefined();
  await request();
  expect((await Promise.all([verify(), verify()])).filter(Boolean)).toHaveLength(1);
  await database.query(
    `update auth.audit_verification set started_at = now() - interval '25 hours', finished_at = now() - interval '25 hours'`,
  );
  expect(await verify()).toMatchObject({ seals: 1 });
});

it('keeps what it found: a row that was changed past the platform, and that it is whole again', async () => {
  await writeSealed();
  await verify();
  expect(await found()).toMatchObject({
    fault_count: 0,
    faults: [],
    seals: '1',
    events: '1',
    last_seal: '1',
  });
  await database.query(`update auth.audit_event set details = '{"n": 2}'`);
  await request();
  await verify();
  expect(await found()).toMatchObject({ fault_count: 1, faults: [expect.stringContaining('was changed')] });
  await database.query(`update auth.audit_event set details = '{"n": 1}'`);
  await request();
  await verify();
  expect(await found()).toMatchObject({ fault_count: 0 });
});

it('finds an end that was cut off since the last time, without the log of the process', async () => {
  await writeSealed();
  await writeSealed();
  await verify();
  await database.query(
    `delete from auth.audit_event where id in (select unnest(event_ids) from auth.audit_seal where number = 2)`,
  );
  await database.query('delete from auth.audit_seal where number = 2');
  for (let n = 0; n < 2; n += 1) {
    await request();
    await verify();
    expect(await found()).toMatchObject({ faults: [expect.stringContaining('cut off')], last_seal: '2' });
  }
});

it('names the keys that it does not have', async () => {
  await writeSealed();
  await verify([randomBytes(32)]);
  expect(await found()).toMatchObject({ missing_keys: [auditKeyId(key)], fault_count: 1 });
});

it('is tried again after it has failed', async () => {
  await writeSealed();
  await database.query('alter table auth.audit_event rename to away');
  await expect(verify()).rejects.toThrow();
  await database.query('alter table auth.away rename to audit_event');
  expect(await verify()).toMatchObject({ seals: 1, faults: [] });
});
