import { staffRoles } from '@signet/schema/contract';
import { createTestDatabase } from '@signet/testing/database';
import { expect, it } from 'vitest';

it('lets every column that holds a staff role hold each of schema/contract/scopes.ts', async () => {
  const database = await createTestDatabase();
  const rows = await database.query<{ name: string; rule: string }>(
    `select conname as name, pg_get_constraintdef(oid) as rule from pg_constraint
     where contype = 'c' and connamespace = 'auth'::regnamespace and conname like '%role_check' order by conname`,
  );
  await database.drop();
  expect(rows.map(({ name }) => name)).toEqual(['portal_invitation_role_check', 'portal_user_role_check']);
  const missing = rows.flatMap(({ name, rule }) =>
    staffRoles.filter((role) => !rule.includes(`'${role}'`)).map((role) => `${name}: ${role}`),
  );
  expect(missing).toEqual([]);
});
