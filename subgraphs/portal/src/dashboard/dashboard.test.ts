import { addProduct, type Caller, itIsForStaff, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../../subgraph.ts';

const query = `{
  dashboard {
    customers supportNotes
    orders { placed shipped cancelled placedLastDay }
    products { outOfStock lowOnStock }
  }
}`;

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('support');
});
afterAll(() => subgraph.stop());

describe('dashboard', () => {
  it("counts the tenant's own and nobody else's", async () => {
    const { database, tenants } = subgraph;
    const ada = await subgraph.addCustomer();
    await subgraph.addCustomer({ tenantId: tenants.globex });
    for (const onHand of [0, 0, 1, 9, 10]) await addProduct(database, tenants.demo, { onHand });
    await addProduct(database, tenants.globex, { onHand: 0 });
    await database.query(
      `insert into orders.order (tenant_id, user_id, status, total_amount, currency, placed_at, shipped_at, cancelled_at)
       select $1, $2, status, 1, 'EUR', now() - age, case status when 'shipped' then now() end,
         case status when 'cancelled' then now() end
       from (values ('placed', interval '1 hour'), ('placed', interval '2 days'), ('placed', interval '3 days'),
         ('shipped', interval '1 hour'), ('shipped', interval '2 days'), ('cancelled', interval '2 days')) as v (status, age)`,
      [tenants.demo, ada.id],
    );
    await database.query(
      `insert into portal.support_note (tenant_id, user_id, staff_id, body) values ($1, $2, $3, 'Hello')`,
      [tenants.demo, ada.id, staff.id],
    );
    expect((await subgraph.ask(query, {}, staff)).body.data.dashboard).toEqual({
      customers: 1,
      supportNotes: 1,
      orders: { placed: 3, shipped: 2, cancelled: 1, placedLastDay: 2 },
      products: { outOfStock: 2, lowOnStock: 2 },
    });
  });

  it('is all zero where nothing happened yet', async () => {
    const tenantId = await subgraph.database.addTenant('quiet');
    const other = await subgraph.addStaff('operations', { tenantId });
    expect((await subgraph.ask(query, {}, other)).body.data.dashboard).toEqual({
      customers: 0,
      supportNotes: 0,
      orders: { placed: 0, shipped: 0, cancelled: 0, placedLastDay: 0 },
      products: { outOfStock: 0, lowOnStock: 0 },
    });
  });

  itIsForStaff({ subgraph: () => subgraph, operation: { query }, scope: 'dashboard:read' });
});

describe('portalHealth', () => {
  it('is ok for staff of every role, whatever their scopes', async () => {
    for (const role of ['support', 'operations', 'super_admin'] as const) {
      const caller = await subgraph.addStaff(role, { claims: { scope: '' } });
      expect((await subgraph.ask('{ portalHealth }', {}, caller)).body).toEqual({
        data: { portalHealth: 'ok' },
      });
    }
  });

  itIsForStaff({ subgraph: () => subgraph, operation: { query: '{ portalHealth }' } });

  it('refuses a bad token before anything runs', async () => {
    const forged = await subgraph.issuer.mintPortalToken({
      tenantId: subgraph.tenants.demo,
      staffId: staff.id,
      role: 'super_admin',
      key: subgraph.issuer.keys.user,
    });
    const answer = await subgraph.ask('{ portalHealth }', {}, { id: staff.id, token: forged });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(answer.body.errors?.[0]?.extensions.reason).toBe('auth.failure.invalid_signature');
  });
});
