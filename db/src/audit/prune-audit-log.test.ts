import { randomBytes } from 'node:crypto';
import { subgraphAuditKind } from '@signet/schema/contract';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase, inTenant } from '../database.ts';
import type { Database } from '../tables.ts';
import { type AuditEvent, writeAuditEvent } from './audit-events.ts';
import { sealAuditEvents } from './audit-sealer.ts';
import { type AuditRetention, pruneAuditLog } from './prune-audit-log.ts';
import { verifyAuditLog } from './verify-audit-log.ts';

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

const prune = (retention: AuditRetention, most = 1000) =>
  pruneAuditLog({ platform, key, retention }).prune(db, most);
const verify = () => verifyAuditLog({ db, platform, keys: [key] });
const failuresFor90Days: AuditRetention = { 'auth.login.failure': 90 };

type Kind = AuditEvent['kind'];

/** Writes rows of these kinds, all of this age, that no seal covers yet. */
async function writeRows(daysAgo: number, ...kinds: Kind[]): Promise<void> {
  for (const kind of kinds) {
    await inTenant(db, tenantId, (trx) => writeAuditEvent(trx, { kind, platform, tenantId }));
  }
  await database.query(
    `update auth.audit_event set happened_at = now() - make_interval(days => $1)
     where id in (select event_id from auth.audit_pending)`,
    [daysAgo],
  );
}
const seal = (daysAgo: number) =>
  sealAuditEvents({ db, platform, keys: [key], now: () => new Date(Date.now() - daysAgo * 86_400_000) });

/** Seals rows of these kinds when they are written. */
async function writeSeal(daysAgo: number, ...kinds: Kind[]): Promise<void> {
  await writeRows(daysAgo, ...kinds);
  await seal(daysAgo);
}
const listKinds = async () =>
  (await database.query('select kind from auth.audit_event order by id')).map(({ kind }) => kind as string);

it('prunes the rows of a kind whose time is over, and the chain still verifies, and says from where it is complete', async () => {
  await writeSeal(100, 'auth.login.failure', 'auth.login.success', 'auth.login.failure');
  await writeSeal(95, 'auth.login.failure');
  await writeSeal(80, 'auth.login.failure', 'auth.logout');
  expect(await prune(failuresFor90Days)).toBe(3);
  expect(await prune(failuresFor90Days)).toBe(0);
  expect(await listKinds()).toEqual(['auth.login.success', 'auth.login.failure', 'auth.logout']);
  expect(await verify()).toMatchObject({ seals: 3, events: 6, pruned: 3, completeFrom: 3, faults: [] });
});

it('prunes no more at a time than it may, and the oldest first', async () => {
  await writeSeal(100, 'auth.login.failure', 'auth.login.failure');
  await writeSeal(95, 'auth.login.failure');
  expect(await prune(failuresFor90Days, 1)).toBe(1);
  expect(await prune(failuresFor90Days, 1)).toBe(1);
  expect(await verify()).toMatchObject({ pruned: 2, completeFrom: 2, faults: [] });
});

it('keeps for ever what has no time, and what no seal covers', async () => {
  await writeSeal(9000, 'auth.logout');
  await inTenant(db, tenantId, (trx) =>
    writeAuditEvent(trx, { kind: 'auth.login.failure', platform, tenantId }),
  );
  await database.query(`update auth.audit_event set happened_at = now() - interval '9000 days'`);
  expect(await prune(failuresFor90Days)).toBe(0);
  expect(await listKinds()).toEqual(['auth.logout', 'auth.login.failure']);
});

it('prunes a row that was sealed weeks later, and those after a row that no seal covers', async () => {
  await writeRows(102, 'auth.login.failure');
  await database.query('delete from auth.audit_pending'); // As if its seal had been taken out.
  await writeRows(100, 'auth.login.failure', 'auth.login.failure');
  await seal(50);
  await writeSeal(40, 'auth.login.failure');
  expect(await prune(failuresFor90Days, 1)).toBe(1);
  expect(await prune(failuresFor90Days, 2)).toBe(1);
  expect(await listKinds()).toHaveLength(2);
  expect(await verify()).toMatchObject({ pruned: 2, faults: [expect.any(String)] });
});

it('finds the seal of a row however many seals came between', async () => {
  await writeRows(100, 'auth.login.failure');
  await database.query(
    `insert into auth.audit_seal (platform, number, sealed_at, event_ids, digests, previous, mac)
     select $1, number, now() - interval '99 days', array[gen_random_uuid()], array[''::bytea],
       case when number > 1 then decode(repeat('00', 32), 'hex') end, decode(repeat('00', 32), 'hex')
     from generate_series(1, 60000) as number`,
    [platform],
  );
  await seal(98);
  expect(await prune(failuresFor90Days)).toBe(1);
});

it('prunes a backlog of many days at once, and no more of it than it may', async () => {
  for (const daysAgo of [130, 120, 110, 100, 95]) await writeSeal(daysAgo, 'auth.login.failure');
  expect(await prune(failuresFor90Days, 3)).toBe(3);
  expect(await prune(failuresFor90Days)).toBe(2);
});

it("prunes every kind that is not named, a subgraph's too, where there are days for others", async () => {
  const adjusted = subgraphAuditKind('inventory', 'stock.adjusted');
  const shipped = subgraphAuditKind('orders', 'order.shipped');
  await writeSeal(100, 'auth.logout', adjusted, 'authz.role.changed', shipped);
  expect(await prune({ [shipped]: 400, 'authz.role.changed': 101, '*': 90 })).toBe(2);
  expect(await listKinds()).toEqual(['authz.role.changed', shipped]);
  expect(await prune({ [shipped]: 40 })).toBe(1);
  expect(await verify()).toMatchObject({ pruned: 3, faults: [] });
});

it('does not make a row look expired that somebody else took out', async () => {
  await writeSeal(100, 'auth.login.failure', 'authz.role.changed');
  await prune(failuresFor90Days);
  const [{ id }] = await database.query(
    `delete from auth.audit_event where kind = 'authz.role.changed' returning id`,
  );
  expect((await verify()).faults).toEqual([expect.stringMatching(`^row ${id} .* missing$`)]);
  await database.query('update auth.audit_pruning set event_ids = event_ids || $1::uuid', [id]);
  expect((await verify()).faults).toEqual([
    expect.stringMatching(/^row .* missing$/),
    expect.stringMatching(`^row ${id} .* missing$`),
    expect.stringMatching(/^the record of .* of rows pruned from user seal 1 .* without AUDIT_KEY$/),
  ]);
});

it('is no way to delete a younger row, nor one of the other platform', async () => {
  await writeSeal(20, 'auth.login.failure');
  await writeSeal(100, 'auth.login.failure');
  expect(await prune({ 'auth.login.failure': 40 })).toBe(1);
  await expect(prune({ 'auth.login.failure': 10 })).rejects.toThrow(/could be deleted/);
  expect(await verify()).toMatchObject({ pruned: 1, faults: [] });
  const portal = createDatabase(database.urlOf('signet_auth_portal'));
  await database.query(`update auth.audit_event set happened_at = now() - interval '90 days'`);
  const retention: AuditRetention = { 'auth.login.failure': 30 };
  expect(await pruneAuditLog({ platform: 'portal', key, retention }).prune(portal, 10)).toBe(0);
  await portal.destroy();
  expect(await listKinds()).toHaveLength(1);
});
