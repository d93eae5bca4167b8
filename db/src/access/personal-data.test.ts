import { subgraphs } from '@signet/schema/subgraphs';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, expect, it } from 'vitest';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Belongs to the platform: relations of a namespace are answered for by the subgraph that has the namespace. */
const shared = ['auth', 'access'];

it('a schema whose tables name customers belongs to a subgraph that answers for personal data', async () => {
  const rows = await database.query<{ schema: string }>(
    `select distinct conrelid::regclass::text as name, n.nspname as schema
     from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace
     where c.contype = 'f' and c.confrelid = 'auth.user'::regclass`,
  );
  const schemas = new Set(rows.map(({ schema }) => schema).filter((schema) => !shared.includes(schema)));
  const answering = subgraphs.filter(({ hasPersonalData }) => hasPersonalData).map(({ name }) => name);
  expect(schemas.size).toBeGreaterThan(0);
  for (const schema of schemas) {
    expect(answering, `schema/subgraphs.json: '${schema}' lacks "personalData": true`).toContain(schema);
  }
});

it('and has the functions by which its process answers', async () => {
  const answering = subgraphs.filter(({ hasPersonalData }) => hasPersonalData).map(({ name }) => name);
  expect(answering.length).toBeGreaterThan(0);
  for (const name of answering) {
    const [row] = await database.query(`select to_regprocedure($1) is not null as is_there`, [
      `${name}.take_person_parts(integer, integer)`,
    ]);
    expect([name, row.is_there]).toEqual([name, true]);
  }
});
