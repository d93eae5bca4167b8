import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRoleClients, type RoleClients } from './role-client.test-support.ts';
import { addTenantRows, type TenantRows } from './tenant-rows.test-support.ts';

let database: TestDatabase;
let roles: RoleClients;
let acme: TenantRows;

beforeAll(async () => {
  database = await createTestDatabase();
  roles = createRoleClients(database);
  acme = await addTenantRows(database, 'acme');
});
afterAll(async () => {
  await roles.close();
  await database.drop();
});
beforeEach(() => database.query('delete from auth.revocation'));

const end = (platform: string) =>
  `update auth.${platform}_session set ended_at = now(), end_reason = 'ended'`;

describe.each(['user', 'portal'] as const)('a session of %s', (platform) => {
  it('that ends is revoked in the same transaction, longer than an access token lives', async () => {
    const client = await roles.as(`signet_auth_${platform}`);
    const verifier = await roles.as('signet_verifier');
    const [{ id }] = await database.query(`select id from auth.${platform}_session`);
    const read = async () =>
      (
        await verifier.query(
          `select kind, platform, subject, extract(epoch from expires_at - created_at)::int as seconds from auth.revocation`,
        )
      ).rows;
    await client.tryInTenant(acme.tenant, async () => {
      expect((await client.query(end(platform))).rowCount).toBe(1);
      expect(await read()).toEqual([]);
    });
    expect(await read()).toEqual([]);
    await database.query(end(platform));
    expect(await read()).toEqual([{ kind: 'session', platform, subject: id, seconds: 65 * 60 }]);
    await database.query(`update auth.${platform}_session set ended_at = now(), last_used_at = now()`);
    expect(await read()).toHaveLength(1);
    await database.query(`update auth.${platform}_session set ended_at = null`);
  });

  it('that is deleted while it lives is revoked, an expired or ended one is not', async () => {
    const client = new pg.Client({ connectionString: database.adminUrl });
    await client.connect();
    const revokedBy = async (...statements: string[]) => {
      await client.query('begin');
      await client.query(`delete from auth.${platform}_refresh_token`);
      for (const sql of statements) await client.query(sql);
      const { rows } = await client.query('select from auth.revocation');
      await client.query('rollback');
      return rows.length;
    };
    const remove = `delete from auth.${platform}_session`;
    expect(await revokedBy(remove)).toBe(1);
    expect(await revokedBy(`update auth.${platform}_session set expires_at = now()`, remove)).toBe(0);
    expect(await revokedBy(end(platform), remove)).toBe(1);
    await client.end();
  });
});

describe('auth.revocation', () => {
  const insert = (kind: string, platform: string) =>
    `insert into auth.revocation (kind, platform, subject) values ('${kind}', '${platform}', 'x')`;

  it.each([
    ['signet_auth_user', 'user', 'portal'],
    ['signet_auth_portal', 'portal', 'user'],
  ] as const)(
    'takes from %s keys of %s, which stay revoked, and nothing else',
    async (role, own, foreign) => {
      const client = await roles.as(role);
      expect(await client.refusalOf(insert('session', own))).toMatch(/^42501 new row violates row-level/);
      expect(await client.refusalOf(insert('signing_key', foreign))).toMatch(/^42501 new row violates/);
      expect(await client.refusalOf('delete from auth.revocation')).toMatch(/^42501 /);
      expect(await client.refusalOutsideOf(insert('signing_key', own))).toBeUndefined();
      expect(await database.query('select kind, platform, expires_at from auth.revocation')).toEqual([
        { kind: 'signing_key', platform: own, expires_at: Number.POSITIVE_INFINITY },
      ]);
    },
  );

  it('tells its listeners nothing but that there is something to read, once a transaction', async () => {
    const listener = new pg.Client({ connectionString: database.urlOf('signet_verifier') });
    await listener.connect();
    const heard: unknown[] = [];
    listener.on('notification', ({ channel, payload }) => heard.push([channel, payload]));
    await listener.query('listen signet_revocation');
    await database.query(`begin; ${insert('signing_key', 'user')}; ${insert('signing_key', 'user')}; commit`);
    await listener.query('select 1');
    await listener.end();
    expect(heard).toEqual([['signet_revocation', '']]);
  });
});
