import { randomBytes } from 'node:crypto';
import { addUser, type Caller, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { parse } from 'graphql';
import { decodeJwt } from 'jose';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

/** Every mutation of this subgraph, each with variables that it takes. */
const mutations: Record<string, string> = {
  suspendCustomer: 'mutation ($customer: ID!) { suspendCustomer(customerId: $customer) { id } }',
  reinstateCustomer: 'mutation ($customer: ID!) { reinstateCustomer(customerId: $customer) { id } }',
  endCustomerSessions: 'mutation ($customer: ID!) { endCustomerSessions(customerId: $customer) }',
  sendPasswordReset:
    'mutation ($customer: ID!) { sendPasswordReset(input: { customerId: $customer, reason: "asked by phone" }) { id } }',
  correctCustomerEmail:
    'mutation ($customer: ID!) { correctCustomerEmail(input: { customerId: $customer, newEmail: "right@example.com", reason: "a slip" }) { id } }',
  resetCustomerFactors:
    'mutation ($customer: ID!) { resetCustomerFactors(customerId: $customer, reason: "a lost phone") }',
  assignCustomer:
    'mutation ($customer: ID!, $staff: ID!) { assignCustomer(input: { customerId: $customer, staffId: $staff }) { id } }',
  unassignCustomer:
    'mutation ($customer: ID!, $staff: ID!) { unassignCustomer(input: { customerId: $customer, staffId: $staff }) { id } }',
  addSupportNote:
    'mutation ($customer: ID!) { addSupportNote(input: { customerId: $customer, body: "a note" }) { id } }',
  impersonateCustomer:
    'mutation ($customer: ID!) { impersonateCustomer(input: { customerId: $customer, reasonClass: SUPPORT_REQUEST, reason: "asked by phone", ticket: "1" }) { expiresAt } }',
  endImpersonation: 'mutation ($impersonation: ID!) { endImpersonation(id: $impersonation) }',
  endCustomerDevice:
    'mutation ($customer: ID!, $device: ID!) { endCustomerDevice(customerId: $customer, deviceId: $device) }',
  deleteSupportNote: 'mutation ($note: ID!) { deleteSupportNote(id: $note) }',
  verifyAuditLog: 'mutation { verifyAuditLog { state } }',
};

let subgraph: TestSubgraph;
let boss: Caller;
let customer: { id: string };
/** Of the customer, by somebody else. */
let impersonation: string;
let colleague: Caller;
const device = 'd'.repeat(22);
/** By the caller, about somebody else. */
let note: string;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  colleague = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());
beforeEach(async () => {
  boss = await subgraph.addStaff('super_admin');
  customer = await addUser(subgraph.database, subgraph.tenants.demo);
  await subgraph.database.query('update auth.audit_verification set requested_at = null');
  // As auth says where mail to customers is configured. Each customer is corrected to the same address.
  await subgraph.database.query('update auth.user_outbox set is_open = true');
  await subgraph.database.query(
    `update auth.user set email = id || '@example.com' where email = 'right@example.com'`,
  );
  const [{ id }] = await subgraph.database.query(
    `insert into auth.user_impersonation
       (tenant_id, account_id, staff_id, staff_session_id, reason_class, reason, ticket, grant_hash, grant_expires_at)
     values ($1, $2, $3, $4, 'SUPPORT_REQUEST', 'asked by phone', '1', $5, now() + interval '1 minute')
     returning id`,
    [subgraph.tenants.demo, customer.id, colleague.id, sidOf(colleague), randomBytes(32)],
  );
  impersonation = id;
  await subgraph.database.query(
    `insert into auth.user_device (tenant_id, account_id, device_id, device_version, user_agent, address, first_seen_at, last_seen_at, expires_at)
     select tenant_id, id, $2, device_version, 'Firefox', '192.0.2.1', now(), now(), now() + interval '1 day' from auth.user where id = $1`,
    [customer.id, device],
  );
  const other = await addUser(subgraph.database, subgraph.tenants.demo);
  const [written] = await subgraph.database.query(
    `insert into portal.support_note (tenant_id, user_id, staff_id, body) values ($1, $2, $3, 'Hello') returning id`,
    [subgraph.tenants.demo, other.id, boss.id],
  );
  note = written.id;
});

const run = (name: string, caller: Caller = boss) =>
  subgraph.ask(
    mutations[name] as string,
    { customer: customer.id, staff: boss.id, impersonation, device, note },
    caller,
  );
const sidOf = ({ token }: Caller) => decodeJwt(token).sid;

const untouched = {
  is_active: true,
  notes: 0,
  relations: 0,
  impersonations: 1,
  devices: 1,
  own_notes: 1,
  verifications: 0,
  audited: 0,
};

/** What a mutation would have left behind. */
async function listTraces() {
  const [row] = await subgraph.database.query(
    `select u.is_active, (select count(*)::int from portal.support_note n where n.user_id = u.id) as notes,
       (select count(*)::int from access.relation_tuple t where t.object = u.id::text) as relations,
       (select count(*)::int from auth.user_impersonation i where i.account_id = u.id and i.ended_at is null) as impersonations,
       (select count(*)::int from auth.user_device d where d.account_id = u.id) as devices,
       (select count(*)::int from portal.support_note n where n.id = $2) as own_notes,
       (select count(*)::int from auth.audit_verification where requested_at > now() - interval '1 hour') as verifications,
       (select count(*)::int from auth.audit_event e where e.subject_id = u.id) as audited
     from auth.user u where id = $1`,
    [customer.id, note],
  );
  return row;
}

it('every mutation of the portal is tried here', async () => {
  const { body } = await subgraph.ask('{ _service { sdl } }', {}, boss);
  const fields = parse(body.data._service.sdl).definitions.flatMap((definition) =>
    'name' in definition && definition.name?.value === 'Mutation' && 'fields' in definition
      ? (definition.fields ?? []).map(({ name }) => name.value)
      : [],
  );
  expect(fields.sort()).toEqual(Object.keys(mutations).sort());
});

describe.each(Object.keys(mutations))('%s', (name) => {
  it.each([
    ['has ended', 'update auth.portal_session set ended_at = now(), end_reason = $2 where id = $1', 'ended'],
    [
      'has expired',
      `update auth.portal_session set expires_at = now() - $2::interval where id = $1`,
      '1 second',
    ],
    ["is somebody else's", 'update auth.portal_session set staff_id = $2 where id = $1', 'other'],
    ['is of an older password', 'update auth.portal_session set password_version = $2 where id = $1', '0'],
    [
      'is of an account that was deactivated',
      `update auth.portal_user set is_active = false
       where id = (select staff_id from auth.portal_session where id = $1) and $2 = ''`,
      '',
    ],
  ])('refuses a token whose session %s, and changes nothing', async (_title, sql, value) => {
    const other = value === 'other' ? (await subgraph.addStaff('support')).id : value;
    await subgraph.database.query(sql, [sidOf(boss), other]);
    expect(reasonsOf(await run(name))).toEqual(['auth.failure.revoked']);
    expect(await listTraces()).toEqual(untouched);
  });

  it('refuses a token whose session there is not', async () => {
    const token = await subgraph.issuer.mintPortalToken({
      tenantId: subgraph.tenants.demo,
      staffId: boss.id,
      role: 'super_admin',
    });
    expect(reasonsOf(await run(name, { id: boss.id, token }))).toEqual(['auth.failure.revoked']);
  });

  it('waits for who is ending the session at this moment, and is refused', async () => {
    const client = new pg.Client({ connectionString: subgraph.database.adminUrl });
    await client.connect();
    await client.query('begin');
    const end = `update auth.portal_session set ended_at = now(), end_reason = 'ended' where id = $1`;
    await client.query(end, [sidOf(boss)]);
    let isAnswered = false;
    const asking = run(name).finally(() => {
      isAnswered = true;
    });
    const isAwaited = async () =>
      (
        await subgraph.database.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).length > 0;
    while (!(await isAwaited()) && !isAnswered);
    await client.query('commit');
    await client.end();
    expect(reasonsOf(await asking)).toEqual(['auth.failure.revoked']);
    expect(await listTraces()).toEqual(untouched);
  });

  it('works in a session that lives', async () => {
    expect(reasonsOf(await run(name))).toEqual([]);
  });
});
