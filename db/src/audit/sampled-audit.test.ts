import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createDatabase } from '../database.ts';
import type { Database } from '../tables.ts';
import { createSampledAudit } from './audit-events.ts';

let database: TestDatabase;
let db: Kysely<Database>;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
  db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 2 });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
beforeEach(() => database.query('truncate auth.audit_event'));

const actorId = '0199c2f4-7a10-7000-8000-000000000001';
const warn = vi.fn();

/** A sampler that tells of everything when it stops, as of one caller or of many. */
function startAudit(isShared: boolean) {
  return createSampledAudit({
    db,
    platform: 'user',
    log: { warn },
    createSampler(tell) {
      const added: Parameters<typeof tell>[0][] = [];
      return {
        add: (_key, sample) => void added.push(sample),
        stop: () => added.forEach((sample) => void tell(sample, 7, isShared)),
      };
    },
  });
}

it.each([
  { isShared: false, of: 'one caller', actor_id: actorId, address: '192.0.2.1', more: {} },
  { isShared: true, of: 'many callers', actor_id: null, address: null, more: { callers: 'many' } },
])('has written a row of $of when it has stopped', async ({ isShared, actor_id, address, more }) => {
  const samples = startAudit(isShared);
  const details = { reason: 'authz.scope.deny' };
  samples.tell('authz.refused', 'x', { tenantId, actorId, origin: { address: '192.0.2.1' }, details });
  await samples.stop();
  const rows = await database.query(
    'select kind, tenant_id, actor_id, host(address) as address, details from auth.audit_event',
  );
  const row = { kind: 'authz.refused', tenant_id: tenantId, actor_id, address };
  expect(rows).toEqual([{ ...row, details: { ...details, ...more, count: 7 } }]);
});

it('logs a row that can not be written, and stops all the same', async () => {
  const samples = startAudit(false);
  samples.tell('authz.refused', 'x', { tenantId, actorId: 'no id' });
  await samples.stop();
  expect(warn).toHaveBeenCalledWith(
    { err: expect.anything(), kind: 'authz.refused' },
    'an audit row was not written',
  );
});
