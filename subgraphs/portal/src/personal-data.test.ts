import { createDatabase, inTenant } from '@signet/db';
import { type Caller, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';
import { personalData } from './personal-data.ts';

let subgraph: TestSubgraph;
let staff: Caller;
let db: ReturnType<typeof createDatabase>;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('operations');
  db = createDatabase(subgraph.database.urlOf('signet_portal'), { maxConnections: 1 });
});
afterAll(async () => {
  await db.destroy();
  await subgraph.stop();
});

/** A customer with a note and an assignee. */
async function addKnownCustomer(body: string): Promise<Caller> {
  const customer = await subgraph.addCustomer();
  await subgraph.ask(
    'mutation ($input: AddSupportNoteInput!) { addSupportNote(input: $input) { id } }',
    { input: { customerId: customer.id, body } },
    staff,
  );
  const values = [subgraph.tenants.demo, customer.id, staff.id];
  await subgraph.database.query(
    `insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
     values ($1, 'customer', $2, 'assignee', 'staff:' || $3)`,
    values,
  );
  await subgraph.database.query(
    `insert into auth.audit_event (tenant_id, kind, platform, subject_id, actor_id, details) values ($1, 'auth.customer.suspended',
       'portal', $2, $3::uuid, jsonb_build_object('changed', 1, 'reason', 'Ticket 4711', 'staffId', $3::uuid))`,
    values,
  );
  return customer;
}

/** As the process. `isAsked`: whether there is a part of a request that it must answer. */
async function run<T>(
  kind: 'export' | 'erase',
  { id: accountId }: Caller,
  { isAsked = true, tenantId = subgraph.tenants.demo } = {},
): Promise<T> {
  if (isAsked) {
    await subgraph.database.query(
      `with request as (
         insert into auth.person_request (tenant_id, account_id, kind, state) values ($1, $2, $3, 'running') returning id
       )
       insert into auth.person_part (tenant_id, request_id, subgraph, account_id, kind, next_attempt_at)
       select $1, id, 'portal', $2, $3, 'infinity' from request`,
      [subgraph.tenants.demo, accountId, kind],
    );
  }
  return inTenant(
    db,
    tenantId,
    async (trx) => (await personalData[kind]?.({ trx, tenantId, accountId })) as T,
  );
}

const empty = { supportNotes: [], assignedStaff: [], actsOfStaff: [] };

describe('personalData', () => {
  it('is what staff wrote about the customer and did to them, without who of the staff and why', async () => {
    const customer = await addKnownCustomer('Called twice.');
    await addKnownCustomer('Somebody else.');
    const data = await run('export', customer);
    expect(data).toEqual({
      supportNotes: [{ body: 'Called twice.', createdAt: expect.any(Date) }],
      assignedStaff: [{ since: expect.any(Date) }],
      actsOfStaff: [{ kind: 'auth.customer.suspended', at: expect.any(Date), details: { changed: 1 } }],
    });
    expect(JSON.stringify(data)).not.toContain(staff.id);
  });

  it('shows nothing in another tenant', async () => {
    const customer = await addKnownCustomer('Called.');
    expect(await run('export', customer, { tenantId: subgraph.tenants.globex })).toEqual(empty);
  });

  it('is gone after an erasure, twice in a row too, and that of others stays', async () => {
    const [customer, other] = [await addKnownCustomer('Called.'), await addKnownCustomer('Called too.')];
    await run('erase', customer);
    await run('erase', customer, { isAsked: false });
    expect(await run('export', customer)).toEqual({ ...empty, actsOfStaff: [expect.anything()] });
    expect(await run('export', other)).toMatchObject({
      supportNotes: [{ body: 'Called too.' }],
      assignedStaff: [{}],
    });
  });

  it('is not erased where nobody asked for it: the process may not delete notes by itself', async () => {
    const customer = await addKnownCustomer('Called.');
    await expect(run('erase', customer, { isAsked: false })).rejects.toThrow(
      'nobody asked to erase this customer',
    );
    expect(await run('export', customer)).toMatchObject({ supportNotes: [{}], assignedStaff: [{}] });
  });
});
