import { createTestDatabase } from '@signet/testing';
import { expect, it } from 'vitest';
import { drainOutbox } from '../testing/drain-outbox.test-support.ts';

it('a sender that is killed again and again loses no mail; one is doubled only where the kill came before it was written down', async () => {
  const database = await createTestDatabase();
  const tenant = await database.addTenant('demo');
  const drained = await drainOutbox(database, tenant, {
    mails: 100,
    connections: 5,
    leaseSeconds: 2,
    killAt: [0.2, 0.4, 0.6],
    thinkMs: () => 5,
  });
  expect(drained).toMatchObject({ lost: 0, unexplained: 0 });
  expect(drained.doubled).toBeLessThanOrEqual(3 * 5);
  await database.drop();
  // Four processes start one after the other, which takes long on a busy machine.
}, 240_000);
