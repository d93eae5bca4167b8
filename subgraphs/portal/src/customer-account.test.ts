import {
  addUser,
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const unknownId = '0199c2f4-7a10-7000-8000-000000000001';
const viewQuery = `query ($id: ID!) { customer(id: $id) {
  sessions { device address methods lastUsedAt } factors { kind codesLeft lastUsedAt } rememberedDevices { expiresAt } } }`;
const resetQuery = `mutation ($customerId: ID!, $reason: String!) {
  sendPasswordReset(input: { customerId: $customerId, reason: $reason }) { id email } }`;
const correctQuery = `mutation ($customerId: ID!, $newEmail: String!, $reason: String!) {
  correctCustomerEmail(input: { customerId: $customerId, newEmail: $newEmail, reason: $reason }) { id email } }`;

let subgraph: TestSubgraph;
let support: Caller;
let operator: Caller;
let customer: { id: string };
let last = 0;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  support = await subgraph.addStaff('support');
  operator = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());
beforeEach(async () => {
  customer = await addUser(subgraph.database, subgraph.tenants.demo);
  await openOutbox(true);
});

/** As the customers' auth process says it when it starts. */
const openOutbox = (isOpen: boolean) =>
  subgraph.database.query('update auth.user_outbox set is_open = $1', [isOpen]);
const newEmail = () => {
  last += 1;
  return `corrected${last}@example.com`;
};
const view = (caller: Caller, id = customer.id) => subgraph.ask(viewQuery, { id }, caller);
const sendReset = (changes: object = {}, caller = operator) =>
  subgraph.ask(resetQuery, { customerId: customer.id, reason: 'Ticket 4711', ...changes }, caller);
const correct = (changes: object = {}, caller = operator) =>
  subgraph.ask(
    correctQuery,
    { customerId: customer.id, newEmail: newEmail(), reason: 'Ticket 4711', ...changes },
    caller,
  );
const accountOf = async (id: string) =>
  (await subgraph.database.query('select email, email_verified from auth.user where id = $1', [id]))[0];
const requestsOf = (id: string) =>
  subgraph.database.query(
    'select kind, staff_id, old_email, old_was_verified from auth.user_request where account_id = $1',
    [id],
  );
const auditOf = (id: string) =>
  subgraph.database.query(
    `select kind, actor_id, details from auth.audit_event where subject_id = $1 and kind like 'auth.customer.%' order by id`,
    [id],
  );

describe('what staff see of a customer', () => {
  it('live sessions, factors and remembered devices, and nothing that is secret', async () => {
    const { demo } = subgraph.tenants;
    const { query } = subgraph.database;
    await query(
      `insert into auth.user_session (tenant_id, user_id, password_version, amr, device, address, last_used_at, expires_at, ended_at, end_reason)
       select $1, $2, 1, '{pwd,otp}', n, '192.0.2.1', now() - n::int * interval '1 minute', now() + interval '1 hour', ended, case when ended is not null then 'ended' end
       from (values ('1', null::timestamptz), ('2', null), ('3', now())) as s (n, ended)`,
      [demo, customer.id],
    );
    await query(
      `insert into auth.user_totp (id, tenant_id, account_id, sealed_secret, pepper_id, confirmed_at)
       values ($3, $1, $2, 'sealed', 'p', now()), (gen_random_uuid(), $1, $2, 'sealed', 'p', null)`,
      [demo, customer.id, crypto.randomUUID()],
    );
    await query(
      `insert into auth.user_recovery_code (code_hash, tenant_id, account_id, pepper_id)
       select sha256(($2::text || n)::bytea), $1::uuid, $2::uuid, 'p' from generate_series(1, 8) n`,
      [demo, customer.id],
    );
    await query(
      `insert into auth.user_trusted_device (tenant_id, account_id, device_id, expires_at)
       values ($1, $2, 'AAAAAAAAAAAAAAAAAAAAAA', now() + interval '1 day'), ($1, $2, 'AAAAAAAAAAAAAAAAAAAAAB', now() - interval '1 day')`,
      [demo, customer.id],
    );
    const { body } = await view(support);
    expect(body.errors).toBeUndefined();
    expect(body.data.customer).toMatchObject({
      sessions: [
        { device: '1', address: '192.0.2.1', methods: ['pwd', 'otp'] },
        { device: '2', address: '192.0.2.1', methods: ['pwd', 'otp'] },
      ],
      factors: [
        { kind: 'TOTP', codesLeft: null, lastUsedAt: null },
        { kind: 'RECOVERY_CODES', codesLeft: 8 },
      ],
      rememberedDevices: [{ expiresAt: expect.any(String) }],
    });
    expect(body.data.customer.sessions).toHaveLength(2);
  });

  it('nothing of a customer of another tenant, whatever the id', async () => {
    const foreign = await addUser(subgraph.database, subgraph.tenants.globex);
    expect((await view(support, foreign.id)).body).toEqual({ data: { customer: null } });
  });

  it('is for staff only: not for customers about themselves', async () => {
    const self = await subgraph.addCustomer();
    for (const field of ['sessions { id }', 'factors { kind }', 'rememberedDevices { createdAt }']) {
      const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { ${field} } } }`;
      const answer = await subgraph.ask(query, { r: [{ __typename: 'User', id: self.id }] }, self);
      expect(reasonsOf(answer), field).toEqual(['authz.platform.deny']);
    }
  });
});

describe('the devices of a customer', () => {
  const known = 'KKKKKKKKKKKKKKKKKKKKKA';
  const endQuery = `mutation ($customerId: ID!, $deviceId: ID!) {
    endCustomerDevice(customerId: $customerId, deviceId: $deviceId) }`;
  const endDevice = (deviceId: string, caller = support, customerId = customer.id) =>
    subgraph.ask(endQuery, { customerId, deviceId }, caller);
  const devicesOf = async (id = customer.id) => {
    const query =
      'query ($id: ID!) { customer(id: $id) { devices { id name address isRemembered firstSeenAt lastSeenAt } } }';
    return (await subgraph.ask(query, { id }, support)).body.data.customer.devices;
  };
  beforeEach(async () => {
    const { demo } = subgraph.tenants;
    await subgraph.database.query(
      `insert into auth.user_device (tenant_id, account_id, device_id, device_version, user_agent, address, first_seen_at, last_seen_at, expires_at)
       select $1, $2, id, version, name, '192.0.2.1', now(), now() - age * interval '1 minute', now() + left_over * interval '1 minute'
       from (values ($3, 1, 'Firefox', 1, 60), ('LLLLLLLLLLLLLLLLLLLLLA', 1, 'App', 2, 60),
         ('MMMMMMMMMMMMMMMMMMMMMA', 0, 'of an earlier password', 3, 60), ('NNNNNNNNNNNNNNNNNNNNNA', 1, 'expired', 4, -1)) d (id, version, name, age, left_over)`,
      [demo, customer.id, known],
    );
    await subgraph.database.query(
      `insert into auth.user_trusted_device (tenant_id, account_id, device_id, expires_at) values ($1, $2, $3, now() + interval '1 day')`,
      [demo, customer.id, known],
    );
    await subgraph.database.query(
      `insert into auth.user_session (tenant_id, user_id, password_version, amr, device, device_id, last_used_at, expires_at)
       select $1, $2, 1, '{pwd}', 'x', id, now(), now() + interval '1 hour' from unnest(array[$3, 'LLLLLLLLLLLLLLLLLLLLLA', null]) id`,
      [demo, customer.id, known],
    );
  });
  const liveSessions = async () =>
    (
      await subgraph.database.query(
        'select device_id from auth.user_session where user_id = $1 and ended_at is null order by device_id',
        [customer.id],
      )
    ).map((row) => row.device_id);

  it('are those whose token is worth something, last seen first', async () => {
    expect(await devicesOf()).toMatchObject([
      { id: known, name: 'Firefox', address: '192.0.2.1', isRemembered: true },
      { name: 'App', isRemembered: false },
    ]);
  });

  it('end one by one, with their sessions and what was remembered, and the log has who did it', async () => {
    expect((await endDevice(known)).body).toEqual({ data: { endCustomerDevice: 1 } });
    expect(await devicesOf()).toMatchObject([{ name: 'App' }]);
    expect(await liveSessions()).toEqual(['LLLLLLLLLLLLLLLLLLLLLA', null]);
    expect(
      await subgraph.database.query('select from auth.user_trusted_device where account_id = $1', [
        customer.id,
      ]),
    ).toEqual([]);
    expect(await auditOf(customer.id)).toEqual([
      { kind: 'auth.customer.device_ended', actor_id: support.id, details: { ended: 1 } },
    ]);
    expect(reasonsOf(await endDevice(known))).toEqual(['input.deviceId']);
  });

  it('are no other customer’s, and no other tenant’s', async () => {
    const other = await addUser(subgraph.database, subgraph.tenants.demo);
    const foreign = await subgraph.addStaff('support', { tenantId: subgraph.tenants.globex });
    expect(reasonsOf(await endDevice(known, support, other.id))).toEqual(['input.deviceId']);
    expect(reasonsOf(await endDevice(known, foreign))).toEqual(['input.customerId']);
    expect(reasonsOf(await endDevice('x\0'))).toEqual(['input.deviceId']);
    expect(reasonsOf(await endDevice(known, support, unknownId))).toEqual(['input.customerId']);
    expect(await liveSessions()).toHaveLength(3);
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: endQuery, variables: { customerId: unknownId, deviceId: known } },
    scope: 'sessions:end',
  });
});

describe('sendPasswordReset', () => {
  it('asks the customers auth process for the mail, and writes down who did it and why', async () => {
    expect((await sendReset()).body.data.sendPasswordReset.id).toBe(customer.id);
    expect(await requestsOf(customer.id)).toMatchObject([{ kind: 'reset_password', staff_id: operator.id }]);
    expect(await auditOf(customer.id)).toEqual([
      {
        kind: 'auth.customer.password_reset_sent',
        actor_id: operator.id,
        details: { reason: 'Ticket 4711' },
      },
    ]);
  });

  it('many times before it is carried out is one mail', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => sendReset()));
    expect(answers.flatMap(reasonsOf)).toEqual([]);
    expect(await requestsOf(customer.id)).toHaveLength(1);
  });

  it('refuses a customer who is suspended', async () => {
    await subgraph.database.query('update auth.user set is_active = false where id = $1', [customer.id]);
    expect(reasonsOf(await sendReset())).toEqual(['input.customerId']);
  });
});

describe('correctCustomerEmail', () => {
  it('gives the customer the address, not verified, and has both told', async () => {
    await subgraph.database.query('update auth.user set email_verified = true where id = $1', [customer.id]);
    const { email: oldEmail } = await accountOf(customer.id);
    const email = newEmail();
    const { body } = await correct({ newEmail: ` ${email.toUpperCase()}` });
    expect(body.data.correctCustomerEmail).toEqual({ id: customer.id, email });
    expect(await accountOf(customer.id)).toEqual({ email, email_verified: false });
    expect(await requestsOf(customer.id)).toEqual([
      { kind: 'tell_correction', staff_id: operator.id, old_email: oldEmail, old_was_verified: true },
    ]);
    expect(await auditOf(customer.id)).toMatchObject([
      { kind: 'auth.customer.email_corrected', details: { reason: 'Ticket 4711' } },
    ]);
  });

  it('refuses the address of another account, the one that the customer has, and what is none', async () => {
    const other = await addUser(subgraph.database, subgraph.tenants.demo);
    const own = await accountOf(customer.id);
    for (const taken of [
      (await accountOf(other.id)).email,
      own.email,
      'nobody',
      'a@example.com\r\nBcc: b@example.com',
      `${'a'.repeat(10_000)}@example.com`,
    ]) {
      expect(reasonsOf(await correct({ newEmail: taken }))).toEqual(['input.newEmail']);
    }
    expect(await accountOf(customer.id)).toEqual(own);
    expect(await auditOf(customer.id)).toEqual([]);
  });

  it('of two customers at once who are given one address, one gets it', async () => {
    const other = await addUser(subgraph.database, subgraph.tenants.demo);
    const email = newEmail();
    const answers = await Promise.all([
      correct({ newEmail: email }),
      correct({ newEmail: email, customerId: other.id }),
    ]);
    expect(answers.flatMap(reasonsOf)).toEqual(['input.newEmail']);
  });
});

describe.each([
  { name: 'sendPasswordReset', query: resetQuery, act: sendReset },
  { name: 'correctCustomerEmail', query: correctQuery, act: correct },
])('$name', ({ query, act }) => {
  it('needs a reason that may stay: no blank, no novel, no e-mail address', async () => {
    for (const reason of ['', '  ', 'x', 'x'.repeat(501), 'ada@example.com called']) {
      expect(reasonsOf(await act({ reason }))).toEqual(['input.reason']);
    }
    expect(await auditOf(customer.id)).toEqual([]);
    expect(await requestsOf(customer.id)).toEqual([]);
  });

  it('is refused where no mail to customers is configured, and changes nothing', async () => {
    const before = await accountOf(customer.id);
    await openOutbox(false);
    expect(reasonsOf(await act())).toEqual(['authz.permission.deny']);
    expect(await accountOf(customer.id)).toEqual(before);
    expect(await requestsOf(customer.id)).toEqual([]);
  });

  it('refuses customers who are unknown or of another tenant', async () => {
    const foreign = await addUser(subgraph.database, subgraph.tenants.globex);
    for (const customerId of [unknownId, foreign.id, operator.id]) {
      expect(reasonsOf(await act({ customerId }))).toEqual(['input.customerId']);
    }
    await expectIdsRefused('input.customerId', (customerId) => act({ customerId }));
    expect(await requestsOf(foreign.id)).toEqual([]);
  });

  it('refuses support, who lack the scope, and somebody whose session is over', async () => {
    expect(reasonsOf(await act({}, support))).toEqual(['authz.scope.deny']);
    const leaver = await subgraph.addStaff('operations');
    await subgraph.database.query('update auth.portal_user set is_active = false where id = $1', [leaver.id]);
    expect(reasonsOf(await act({}, leaver))).toEqual(['auth.failure.revoked']);
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { customerId: unknownId, newEmail: 'a@example.com', reason: 'Ticket' } },
    scope: 'customers:write',
  });
});
