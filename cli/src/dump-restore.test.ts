import { execFile, spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { createRunFolder } from '@signet/testing/run-folder';
import { createSeededDatabase } from '@signet/testing/seeded-database';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { describeSchema, removeSchemas } from '../../db/src/migrate/schema-description.test-support.ts';
import { run } from './run-command.test-support.ts';

/** Of the server's major version at least: an older pg_dump refuses it. */
const dumpVersion = Number(/ (\d+)/.exec(String(spawnSync('pg_dump', ['--version']).stdout))?.[1] ?? 0);
const program = (name: string, ...args: string[]) => promisify(execFile)(name, args);

describe.skipIf(dumpVersion < 18)(
  dumpVersion < 18
    ? 'pg_dump: version 18 is not on the PATH, so this was not tried'
    : 'what docs/backup.md says of pg_dump',
  () => {
    let folder: string;
    let source: TestDatabase;
    let target: TestDatabase;
    beforeAll(async () => {
      [folder, source, target] = await Promise.all([
        createRunFolder(),
        createSeededDatabase(),
        createTestDatabase(),
      ]);
      await removeSchemas(target);
    });
    afterAll(async () => {
      await Promise.all([source.drop(), target.drop(), rm(folder, { recursive: true })]);
    });

    const countRows = async (database: TestDatabase) => {
      const tables = await database.query<{ name: string }>(
        `select format('%I.%I', schemaname, tablename) as name from pg_tables
         where schemaname !~ '^(pg_|information_schema|migration)' and tablename !~ 'nonce' order by 1`,
      );
      const counts = tables.map(({ name }) => `select '${name}' as name, count(*)::integer from ${name}`);
      return database.query(`${counts.join(' union all ')} order by 1`);
    };

    it('gives the same schema, rights, row security and rows; then nothing comes back to life', async () => {
      const session = `insert into auth.user_session (tenant_id, user_id, password_version, auth_time, amr, expires_at)
        select tenant_id, id, password_version, now(), '{pwd}', now() + interval '1 day' from auth.user limit 1`;
      await source.query(session);
      const file = join(folder, 'signet.dump');
      await program('pg_dump', '--format=custom', `--file=${file}`, source.adminUrl);
      const { passwords } = inject('testCluster');
      const variables = Object.fromEntries(
        Object.entries(passwords).map(([role, password]) => [`${role.toUpperCase()}_PASSWORD`, password]),
      );
      const env = { ...variables, DATABASE_URL: target.adminUrl };
      expect(await run('db roles', { env })).toMatchObject({ code: 0, out: 'The roles are there.\n' });
      await program(
        'pg_restore',
        '--exit-on-error',
        '--single-transaction',
        `--dbname=${target.adminUrl}`,
        file,
      );
      expect(await run('db migrate', { env })).toMatchObject({
        code: 0,
        out: 'The database is up to date.\n',
      });
      // An expression that is parsed again can have fewer parentheses: `a between 1 and 2` is two conditions.
      const schemaOf = async (database: TestDatabase) =>
        (await describeSchema(database)).map((line) => line.replace(/[()]/g, '')).sort();
      expect(await schemaOf(target)).toEqual(await schemaOf(source));
      expect((await run('db permissions', { env })).out).toBe(
        (await run('db permissions', { env: { ...env, DATABASE_URL: source.adminUrl } })).out,
      );
      expect(await countRows(target)).toEqual(await countRows(source));
      const { code, out } = await run('db restored --backup-from 2026-11-29T20:00Z', { env });
      expect([code, out]).toEqual([0, expect.stringContaining('user: ended 1 sessions')]);
      expect(
        await target.query('select count(*)::integer from auth.user_session where ended_at is null'),
      ).toEqual([{ count: 0 }]);
    });
  },
);
