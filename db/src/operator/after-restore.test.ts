import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeSchema } from '../migrate/schema-description.test-support.ts';
import { finishRestore } from './after-restore.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
/** A platform at work: of each kind of row one that must not come back to life, and one that has ended. */
beforeEach(async () => {
  await database.query(
    `truncate auth.tenant, auth.signing_key, auth.revocation, auth.audit_event, auth.audit_pending cascade`,
  );
  const tenant = await database.addTenant('acme');
  const { id: tenantId } = typeof tenant === 'string' ? { id: tenant } : (tenant as { id: string });
  await database.query(`do $do$ declare t uuid := '${tenantId}'; account uuid; staff uuid; begin
    insert into auth.user (tenant_id, email, password_hash, pepper_id) values (t, 'ada@example.com', 'hash', 'pepper') returning id into account;
    insert into auth.user_session (tenant_id, user_id, password_version, auth_time, amr, expires_at)
      values (t, account, 1, now(), '{pwd}', now() + interval '1 day'), (t, account, 1, now(), '{pwd}', now() - interval '1 day');
    insert into auth.user_session (tenant_id, user_id, password_version, auth_time, amr, expires_at, ended_at, end_reason)
      values (t, account, 1, now(), '{pwd}', now() + interval '1 day', now(), 'logout');
    insert into auth.user_account_token (token_hash, tenant_id, account_id, purpose, password_version, email, expires_at)
      values (sha256('link'), t, account, 'reset_password', 1, 'ada@example.com', now() + interval '1 hour');
    insert into auth.user_mail (tenant_id, account_id, template, recipient, sealed_content)
      values (t, account, 'password-reset', '\\x00112233445566778899aabbccddeeff', 'sealed');
    insert into auth.user_mail (tenant_id, account_id, template, recipient, state, settled_at)
      values (t, account, 'password-reset', '\\x00112233445566778899aabbccddeeff', 'sent', now());
    insert into auth.portal_invitation (tenant_id, email, full_name, role, token_hash, expires_at)
      values (t, 'otto@example.com', 'Otto', 'support', sha256('invitation'), now() + interval '1 day');
    insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
      values (t, 'root@example.com', 'Root', 'super_admin', 'hash', 'pepper') returning id into staff;
    insert into auth.portal_factor_reset (tenant_id, account_id, staff_id, reason, due_at) values (t, staff, staff, 'lost', now() + interval '1 day');
    insert into auth.portal_factor_reset (tenant_id, account_id, staff_id, reason, due_at, settled_at, outcome)
      values (t, staff, staff, 'lost', now(), now(), 'done');
    insert into auth.person_request (tenant_id, account_id, kind, state, due_at) values (t, account, 'erase', 'scheduled', now() - interval '1 day');
    insert into auth.signing_key (kid, platform, algorithm, state, sealed_private_key, published_at, activated_at) values
      ('active-kid', 'user', 'EdDSA', 'active', 'sealed', now(), now()), ('next-kid', 'user', 'EdDSA', 'next', 'sealed', now(), null);
    -- As a dump has it that is from a server with more transactions.
    insert into auth.revocation (kind, platform, subject, transaction_id, expires_at)
      values ('session', 'user', 'of-before', '4000000000000', now() + interval '1 hour');
  end $do$`);
});

const states = async () => {
  const rows = await database.query<Record<string, string>>(`select
    (select string_agg(coalesce(end_reason, 'live'), ',' order by expires_at, end_reason) from auth.user_session) as sessions,
    (select string_agg(state, ',' order by state) from auth.user_mail) as mails,
    (select count(*)::text from auth.user_account_token) as links,
    (select string_agg(coalesce(outcome, 'waits'), ',' order by due_at) from auth.portal_factor_reset) as resets,
    (select ceil(extract(epoch from due_at - now()) / 86400)::text from auth.person_request) as "erasureDays",
    (select string_agg(state, ',') from auth.portal_invitation) as invitations,
    (select string_agg(state || length(sealed_private_key), ',' order by kid) from auth.signing_key) as keys,
    (select string_agg(kind, ',' order by kind, subject) from auth.revocation) as revocations`);
  return rows[0];
};
const untouched = {
  sessions: 'live,logout,live',
  mails: 'queued,sent',
  links: '1',
  resets: 'done,waits',
  erasureDays: '-1',
  invitations: 'open',
  keys: 'active6,next6',
  revocations: 'session',
};

it('ends sessions, links, invitations and keys, holds mails back, and says so in the audit log', async () => {
  const before = await describeSchema(database);
  const restored = await finishRestore(database.adminUrl, { backupFrom: '2026-11-29T20:00:00.000Z' });
  expect(restored).toEqual([
    { platform: 'user', sessions: 1, credentials: 1, keys: 2, mails: 1, resets: 0, erasures: 1 },
    { platform: 'portal', sessions: 0, credentials: 1, keys: 0, mails: 0, resets: 1, erasures: 0 },
  ]);
  expect(await states()).toEqual({
    sessions: 'live,ended,logout',
    mails: 'dead,sent',
    links: '0',
    resets: 'done,cancelled',
    erasureDays: '7',
    invitations: 'revoked',
    keys: 'retired0,retired0',
    // None for the session: no token of its keys is taken.
    revocations: 'session,signing_key,signing_key',
  });
  const events = await database.query(
    `select e.platform, details from auth.audit_event e join auth.audit_pending p on p.event_id = e.id
     where kind = 'auth.database.restored' order by e.platform desc`,
  );
  const details = { by: 'operator', backupFrom: '2026-11-29T20:00:00.000Z' };
  expect(events).toEqual([
    {
      platform: 'user',
      details: { ...details, sessions: 1, credentials: 1, keys: 2, mails: 1, resets: 0, erasures: 1 },
    },
    {
      platform: 'portal',
      details: { ...details, sessions: 0, credentials: 1, keys: 0, mails: 0, resets: 1, erasures: 0 },
    },
  ]);
  // Row security binds the owner again, and the trigger is back.
  expect(await describeSchema(database)).toEqual(before);
  expect(
    await database.query(`select tgname from pg_trigger where tgenabled <> 'O' and not tgisinternal`),
  ).toEqual([]);
});

it('numbers the revocations anew, so that their readers do not read them for ever', async () => {
  await finishRestore(database.adminUrl);
  const late = await database.query(
    `select subject from auth.revocation where transaction_id >= pg_snapshot_xmax(pg_current_snapshot())`,
  );
  expect(late).toEqual([]);
});

it('keeps sessions and keys where it is told to; then sessions that end are revoked one by one', async () => {
  await finishRestore(database.adminUrl, { keepSessions: true, keepKeys: true });
  expect(await states()).toEqual({
    ...untouched,
    mails: 'dead,sent',
    resets: 'done,cancelled',
    erasureDays: '7',
  });
  await finishRestore(database.adminUrl, { keepKeys: true });
  expect(await states()).toMatchObject({ keys: 'active6,next6', revocations: 'session,session' });
});

it('changes nothing while a process of the platform is connected, and names it', async () => {
  const client = new pg.Client({
    connectionString: database.urlOf('signet_auth_user'),
    application_name: 'signet-auth-user',
  });
  await client.connect();
  await expect(finishRestore(database.adminUrl)).rejects.toThrow(
    'Processes use this database (signet-auth-user): stop all of them first, and start them afterwards.',
  );
  await client.end();
  expect(await states()).toEqual(untouched);
});
