import { restrictDatabase } from '@signet/db';
import { createPepper, hashPassword } from '@signet/db/password-hash';
import { seedDevelopment, seedPassword } from '@signet/db/seed';
import { inject } from 'vitest';
import { copyDatabase, type TestDatabase, withClient } from './database.ts';

/** bcrypt's lowest, of the seeded accounts: a sign-in takes 2 ms of CPU instead of 350. */
export const seededPasswordCost = 4;
const lockId = 7_304_553_160;

/** A database of its own with the development seed: what `npm start` makes at its first start, in 30 ms instead of 3 s. */
export async function createSeededDatabase(): Promise<TestDatabase> {
  return copyDatabase(await ensureSeededTemplate());
}

/** The first test file of a run that asks makes it; others that ask meanwhile wait. Returns its name. */
async function ensureSeededTemplate(): Promise<string> {
  const { adminUrl, template, copyOptions, prefix, pepper } = inject('testCluster');
  const name = `${prefix}_seeded`;
  await withClient(adminUrl, async (client) => {
    await client.query(`select pg_advisory_lock(${lockId})`); // Until the connection ends.
    if ((await client.query('select from pg_database where datname = $1', [name])).rowCount) return;
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${draft}`);
    await client.query(`create database ${draft} template ${template} ${copyOptions}`);
    await restrictDatabase(client, draft);
    const { hash, pepperId } = hashPassword(seedPassword, createPepper(Buffer.from(pepper, 'base64')), {
      algorithm: 'bcrypt',
      cost: seededPasswordCost,
    });
    await seedDevelopment(Object.assign(new URL(adminUrl), { pathname: `/${draft}` }).href, {
      hashPassword: async () => ({ passwordHash: hash, pepperId }),
    });
    await client.query(`alter database ${draft} rename to ${name}`);
  });
  return name;
}
