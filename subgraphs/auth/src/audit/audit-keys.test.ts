import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { changeKeys, type KeyChange } from '../operator/operate-keys.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { randomSecret } from '../testing/config.test-support.ts';

const secrets = { USER_KEY_ENCRYPTION_KEY: randomSecret(), PORTAL_KEY_ENCRYPTION_KEY: randomSecret() };
let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth(secrets);
});
afterAll(() => auth.stop());

async function change(wanted: KeyChange) {
  const env = { USER_DATABASE_URL: auth.database.urlOf('signet_auth_user'), ...secrets };
  expect((await changeKeys(env, wanted)).name).toBe(wanted.name);
}

it('what is done to signing keys is in the log, of no tenant, and sealed like the rest', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await change({ name: 'import', platform: 'user', file: 'key.pem', pem });
  await change({ name: 'rotate', platform: 'user', algorithm: undefined, mode: 'emergency' });
  const [{ kid }] = await auth.database.query(
    `select kid from auth.signing_key where state = 'active' and platform = 'user'`,
  );
  await change({ name: 'revoke', platform: 'user', kid });
  const rows = await auth.database.query(
    'select kind, platform, tenant_id, details from auth.audit_event order by happened_at, id',
  );
  const told = rows.map(({ kind, details }) => [kind, (details as { kid: string }).kid === kid]);
  // What the start made of both platforms, then what was done; `true`: to the key that was imported.
  expect(told.filter(([, isImported]) => isImported)).toEqual([
    ['auth.key.imported', true],
    ['auth.key.rotated', true],
    ['auth.key.revoked', true],
    ['auth.key.retired', true],
  ]);
  const kinds = (own: string) =>
    rows.filter(({ kind, platform }) => kind === own && platform === 'user').length;
  // Made at the start: one that signs, one that waits (the import takes its place); then one after each change.
  expect([kinds('auth.key.published'), kinds('auth.key.rotated')]).toEqual([4, 3]);
  expect(rows.every(({ tenant_id }) => tenant_id === null)).toBe(true);
  await expect
    .poll(() => auth.database.query('select from auth.audit_pending'), { timeout: 30_000 })
    .toHaveLength(0);
});
