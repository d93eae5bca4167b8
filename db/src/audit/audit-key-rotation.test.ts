import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, inTenant } from '../database.ts';
import type { Database } from '../tables.ts';
import { writeAuditEvent } from './audit-events.ts';
import { type AuditKeys, auditKeyId } from './audit-keys.ts';
import { sealAuditEvents } from './audit-sealer.ts';
import { computeSealMac } from './audit-seals.ts';
import { verifyAuditLog } from './verify-audit-log.ts';

const [old, next] = [randomBytes(32), randomBytes(32)];
/** The secret of a process before the rotation, and after each of its steps. */
const steps = {
  before: [old],
  rotated: [old, next],
  switched: [next, old],
  after: [next],
} as const satisfies Record<string, AuditKeys>;

let database: TestDatabase;
let db: Kysely<Database>;
let tenantId: string;
beforeEach(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
  db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 2 });
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

const write = () =>
  inTenant(db, tenantId, (trx) => writeAuditEvent(trx, { kind: 'auth.logout', platform: 'user', tenantId }));
const seal = async (keys: AuditKeys) => {
  await write();
  return sealAuditEvents({ db, platform: 'user', keys });
};
const verify = (keys: AuditKeys) => verifyAuditLog({ db, platform: 'user', keys });
const keysOfSeals = async () =>
  (await database.query('select key_id from auth.audit_seal order by number')).map(({ key_id }) => key_id);

describe('a change of AUDIT_KEY', () => {
  it('leaves a chain that verifies with both keys, whichever replica seals while they change', async () => {
    for (const keys of [
      steps.before,
      steps.rotated,
      steps.before, // A replica that was not started again yet.
      steps.switched,
      steps.rotated, // One that is behind seals under the key that another has begun.
      steps.switched,
      steps.after,
    ]) {
      await seal(keys);
    }
    const [first, second] = [auditKeyId(old), auditKeyId(next)];
    expect(await keysOfSeals()).toEqual([first, first, first, second, second, second, second]);
    for (const keys of [steps.rotated, steps.switched]) {
      expect(await verify(keys)).toMatchObject({
        faults: [],
        seals: 7,
        keys: [
          { id: first, from: 1 },
          { id: second, from: 4 },
        ],
      });
    }
  });

  it('names the key that is missing where only one is given', async () => {
    await seal(steps.before);
    await seal(steps.switched);
    expect((await verify([next])).faults).toEqual([
      expect.stringMatching(
        new RegExp(`^user seal 1 .* under the AUDIT_KEY ${auditKeyId(old)}, which is not`),
      ),
    ]);
  });

  it('lets a replica wait that lacks the key that another has begun', async () => {
    await seal(steps.before);
    await seal(steps.switched);
    await expect(seal(steps.before)).rejects.toThrow(/AUDIT_KEY: another process seals under/);
    await seal(steps.after);
    expect((await verify(steps.switched)).faults).toEqual([]);
    expect(await database.query('select from auth.audit_pending')).toHaveLength(0);
  });

  it('covers seals from before seals had the id of a key', async () => {
    await seal(steps.before);
    await database.query('update auth.audit_seal set key_id = null');
    await seal(steps.before);
    await seal(steps.switched);
    expect(await verify(steps.switched)).toMatchObject({ faults: [], keys: [{ from: 1 }, { from: 3 }] });
  });

  it('ends the power of the old key: a seal that its thief adds is a fault', async () => {
    await seal(steps.before);
    const last = await seal(steps.switched);
    const [event] = await database.query(
      `insert into auth.audit_event (tenant_id, kind, platform) values ($1, 'auth.logout', 'user') returning id`,
      [tenantId],
    );
    await sealAuditEvents({ db, platform: 'user', keys: steps.after }); // The digest as it must be.
    const sealedAt = new Date();
    const forged = await database.query(
      `select number, previous, digests, event_ids from auth.audit_seal where number = 3`,
    );
    expect(last?.number).toBe(2);
    const mac = computeSealMac(old, {
      platform: 'user',
      number: 3,
      sealedAt,
      events: [{ id: event.id, digest: forged[0].digests[0] }],
      previous: forged[0].previous,
    });
    await database.query(
      'update auth.audit_seal set mac = $1, sealed_at = $2, key_id = $3 where number = 3',
      [mac, sealedAt, auditKeyId(old)],
    );
    expect((await verify(steps.switched)).faults).toEqual([
      expect.stringMatching(/^user seal 3 .* was made under the earlier AUDIT_KEY/),
    ]);
  });
});
