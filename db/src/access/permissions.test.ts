import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describePermissions } from './permissions.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('db/permissions.txt', () => {
  // Meant to change? `npx vitest run db/src/access/permissions.test.ts -u`, and read the difference before committing it.
  it('is every right that the migrations give, and no more', async () => {
    const text = await describePermissions(database.adminUrl);
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, '../../permissions.txt'));
  });
});
