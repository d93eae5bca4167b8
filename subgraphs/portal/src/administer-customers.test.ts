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
const operations = [
  { name: 'endCustomerSessions', selection: '', scope: 'sessions:end' },
  { name: 'suspendCustomer', selection: '{ id isActive }', scope: 'customers:write' },
  { name: 'reinstateCustomer', selection: '{ id isActive }', scope: 'customers:write' },
] as const;
const queryOf = ({ name, selection }: { name: string; selection: string }) =>
  `mutation ($id: ID!) { ${name}(customerId: $id) ${selection} }`;

let subgraph: TestSubgraph;
let support: Caller;
let operator: Caller;
let customer: { id: string };
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  support = await subgraph.addStaff('support');
  operator = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());
/** A customer with two sessions. */
beforeEach(async () => {
  customer = await addUser(subgraph.database, subgraph.tenants.demo);
  await addSessions(customer.id, 2);
});

async function addSessions(userId: string, count: number, tenantId = subgraph.tenants.demo) {
  await subgraph.database.query(
    `insert into auth.user_session (tenant_id, user_id, password_version, amr, expires_at)
     select $1, $2, 1, '{pwd}', now() + interval '1 hour' from generate_series(1, $3)`,
    [tenantId, userId, count],
  );
}

async function endsOf(userId: string): Promise<(string | null)[]> {
  const rows = await subgraph.database.query(
    'select end_reason from auth.user_session where user_id = $1 order by id',
    [userId],
  );
  return rows.map(({ end_reason }) => end_reason);
}
const run = (name: (typeof operations)[number]['name'], id: string, caller?: Caller) =>
  subgraph.ask(
    queryOf(operations.find((operation) => operation.name === name) ?? operations[0]),
    { id },
    caller,
  );

describe('endCustomerSessions', () => {
  it('ends all of them and says how many; the account stays active', async () => {
    expect((await run('endCustomerSessions', customer.id, support)).body).toEqual({
      data: { endCustomerSessions: 2 },
    });
    expect(await endsOf(customer.id)).toEqual(['ended', 'ended']);
    expect((await run('endCustomerSessions', customer.id, support)).body.data).toEqual({
      endCustomerSessions: 0,
    });
    const [row] = await subgraph.database.query('select is_active from auth.user where id = $1', [
      customer.id,
    ]);
    expect(row.is_active).toBe(true);
  });
});

describe('suspendCustomer', () => {
  it('makes the account inactive and ends all its sessions', async () => {
    expect((await run('suspendCustomer', customer.id, operator)).body).toEqual({
      data: { suspendCustomer: { id: customer.id, isActive: false } },
    });
    expect(await endsOf(customer.id)).toEqual(['suspended', 'suspended']);
  });

  it('leaves how a session ended before', async () => {
    await run('endCustomerSessions', customer.id, support);
    await run('suspendCustomer', customer.id, operator);
    expect(await endsOf(customer.id)).toEqual(['ended', 'ended']);
  });

  it('changes nothing the second time', async () => {
    await run('suspendCustomer', customer.id, operator);
    expect((await run('suspendCustomer', customer.id, operator)).body.data.suspendCustomer.isActive).toBe(
      false,
    );
  });

  it('succeeds for ten at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => run('suspendCustomer', customer.id, operator)),
    );
    expect(answers.flatMap(reasonsOf)).toEqual([]);
    expect(await endsOf(customer.id)).toEqual(['suspended', 'suspended']);
  });
});

describe('reinstateCustomer', () => {
  it('makes the account active; its sessions stay ended', async () => {
    await run('suspendCustomer', customer.id, operator);
    expect((await run('reinstateCustomer', customer.id, operator)).body).toEqual({
      data: { reinstateCustomer: { id: customer.id, isActive: true } },
    });
    expect(await endsOf(customer.id)).toEqual(['suspended', 'suspended']);
  });

  it('changes nothing for one who is active', async () => {
    expect((await run('reinstateCustomer', customer.id, operator)).body.data.reinstateCustomer.isActive).toBe(
      true,
    );
    expect(await endsOf(customer.id)).toEqual([null, null]);
  });
});

describe('resetCustomerFactors', () => {
  const query =
    'mutation ($id: ID!, $reason: String!) { resetCustomerFactors(customerId: $id, reason: $reason) }';
  const reset = (reason: string) => subgraph.ask(query, { id: customer.id, reason }, operator);
  const read = (what: string) =>
    subgraph.database.query(what, [customer.id]).then((rows) => rows.map(({ found }) => found));
  const readAudit = () =>
    read(`select details as found from auth.audit_event where subject_id = $1 and platform = 'portal'`);
  const readResets = () => read('select reason as found from auth.user_factor_reset where account_id = $1');

  it('asks the customers auth process, and writes down why', async () => {
    expect((await reset(' Lost the phone. ')).body).toEqual({ data: { resetCustomerFactors: true } });
    expect(await readResets()).toEqual(['Lost the phone.']);
    expect(await readAudit()).toEqual([{ changed: 1, reason: 'Lost the phone.' }]);
  });

  it('needs a reason that may stay: no blank, no novel, no e-mail address', async () => {
    for (const reason of ['', '  ', 'x', 'x'.repeat(501), 'ada@example.com called']) {
      expect(reasonsOf(await reset(reason))).toEqual(['input.reason']);
    }
    expect(await readResets()).toEqual([]);
    expect(await readAudit()).toEqual([]);
  });
});

describe.each(operations)('$name', ({ name, selection, scope }) => {
  it('knows nobody of another tenant, no staff, nobody unknown', async () => {
    const foreigner = await addUser(subgraph.database, subgraph.tenants.globex);
    await addSessions(foreigner.id, 1, subgraph.tenants.globex);
    for (const id of [foreigner.id, support.id, unknownId]) {
      expect(reasonsOf(await run(name, id, operator))).toEqual(['input.customerId']);
    }
    expect(await endsOf(foreigner.id)).toEqual([null]);
  });

  it('touches no other customer', async () => {
    const other = await addUser(subgraph.database, subgraph.tenants.demo);
    await addSessions(other.id, 1);
    await run(name, customer.id, operator);
    expect(await endsOf(other.id)).toEqual([null]);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.customerId', (id) => run(name, id, operator));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: queryOf({ name, selection }), variables: { id: unknownId } },
    scope,
  });
});

it('support may end sessions, but not suspend or reinstate', async () => {
  for (const name of ['suspendCustomer', 'reinstateCustomer'] as const) {
    const token = await subgraph.issuer.mintPortalToken({
      tenantId: subgraph.tenants.demo,
      staffId: support.id,
      role: 'support',
      email: 'support@example.com',
    });
    expect(reasonsOf(await run(name, customer.id, { id: support.id, token }))).toEqual(['authz.scope.deny']);
  }
  expect(await endsOf(customer.id)).toEqual([null, null]);
});
