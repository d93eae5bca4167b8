import {
  type Caller,
  expectIdsRefused,
  itIsForCustomers,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';

const placeQuery = `
  mutation ($items: [OrderItemInput!]!, $idempotencyKey: String!) {
    placeOrder(input: { items: $items, idempotencyKey: $idempotencyKey }) { id }
  }`;
const cancelQuery = 'mutation ($id: ID!) { cancelOrder(id: $id) { id status cancelledAt shippedAt } }';
const shipQuery = 'mutation ($id: ID!) { markOrderShipped(id: $id) { id status cancelledAt shippedAt } }';
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let ada: Caller;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  ada = await subgraph.addCustomer();
  staff = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());

const cancel = (id: string, caller = ada) => subgraph.ask(cancelQuery, { id }, caller);
const ship = (id: string, caller = staff) => subgraph.ask(shipQuery, { id }, caller);

/** An order of 3 pieces of a product of which there are 10. */
async function placeOrder() {
  const productId = await addProduct(subgraph.database, subgraph.tenants.demo, { onHand: 10 });
  const variables = { items: [{ productId, quantity: 3 }], idempotencyKey: productId };
  const { body } = await subgraph.ask(placeQuery, variables, ada);
  return {
    id: body.data.placeOrder.id as string,
    productId,
    findStock: async () => {
      const rows = await subgraph.database.query(
        'select on_hand, reserved from inventory.stock where product_id = $1',
        [productId],
      );
      return rows[0];
    },
  };
}

const placed = { on_hand: 10, reserved: 3 };
const givenBack = { on_hand: 10, reserved: 0 };
const gone = { on_hand: 7, reserved: 0 };

describe('cancelOrder', () => {
  it('gives the stock back, and says the same when asked again', async () => {
    const { id, findStock } = await placeOrder();
    const first = await cancel(id);
    expect(first.body.data.cancelOrder).toMatchObject({ id, status: 'CANCELLED', shippedAt: null });
    expect((await cancel(id)).body).toEqual(first.body);
    expect(await findStock()).toEqual(givenBack);
  });

  it('gives the stock back once when 10 ask at once', async () => {
    // The first round opens the connections, so that the others meet in the database.
    for (let round = 0; round < 4; round += 1) {
      const { id, productId, findStock } = await placeOrder();
      // Other orders keep pieces reserved, which a second release would take.
      await subgraph.database.query('update inventory.stock set reserved = 10 where product_id = $1', [
        productId,
      ]);
      const answers = await Promise.all(Array.from({ length: 10 }, () => cancel(id)));
      expect(answers.flatMap(reasonsOf)).toEqual([]);
      expect(await findStock()).toEqual({ on_hand: 10, reserved: 7 });
    }
  });

  it('refuses an order that was shipped', async () => {
    const { id, findStock } = await placeOrder();
    await ship(id);
    const answer = await cancel(id);
    expect(reasonsOf(answer)).toEqual(['input.id']);
    expect(answer.body.errors?.[0]?.message).toBe("The order was shipped: it can't be cancelled.");
    expect(await findStock()).toEqual(gone);
  });

  it("refuses somebody else's order, another tenant's and an unknown one alike", async () => {
    const { id, findStock } = await placeOrder();
    const neighbour = await subgraph.addCustomer();
    const stranger = await subgraph.addCustomer({ tenantId: subgraph.tenants.globex });
    const answers = [await cancel(id, neighbour), await cancel(id, stranger), await cancel(unknownId)];
    for (const { body } of answers) {
      expect(body.errors).toMatchObject([
        { message: 'There is no such order.', extensions: { reason: 'input.id' } },
      ]);
    }
    expect(await findStock()).toEqual(placed);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.id', cancel);
  });

  itIsForCustomers({
    subgraph: () => subgraph,
    operation: { query: cancelQuery, variables: { id: unknownId } },
    scope: 'orders:write',
  });
});

describe('markOrderShipped', () => {
  it('takes the pieces off the shelves, and says the same when asked again', async () => {
    const { id, findStock } = await placeOrder();
    const first = await ship(id);
    expect(first.body.data.markOrderShipped).toMatchObject({ id, status: 'SHIPPED', cancelledAt: null });
    expect((await ship(id)).body).toEqual(first.body);
    expect(await findStock()).toEqual(gone);
  });

  it('is in the audit log once, with who did it and whose order it is', async () => {
    const { id } = await placeOrder();
    await ship(id);
    await ship(id);
    const refused = await placeOrder();
    await cancel(refused.id);
    await ship(refused.id);
    const rows = await subgraph.database.query(
      `select tenant_id, kind, platform, actor_id, subject_id, details from auth.audit_event
       where details ->> 'orderId' = any($1)`,
      [[id, refused.id]],
    );
    expect(rows).toEqual([
      {
        tenant_id: subgraph.tenants.demo,
        kind: 'orders.order.shipped',
        platform: 'portal',
        actor_id: staff.id,
        subject_id: ada.id,
        details: { orderId: id },
      },
    ]);
  });

  it('refuses an order that was cancelled', async () => {
    const { id, findStock } = await placeOrder();
    await cancel(id);
    expect(reasonsOf(await ship(id))).toEqual(['input.id']);
    expect(await findStock()).toEqual(givenBack);
  });

  it("refuses another tenant's order and an unknown one", async () => {
    const { id, findStock } = await placeOrder();
    const stranger = await subgraph.addStaff('super_admin', { tenantId: subgraph.tenants.globex });
    expect(reasonsOf(await ship(id, stranger))).toEqual(['input.id']);
    expect(reasonsOf(await ship(unknownId))).toEqual(['input.id']);
    expect(await findStock()).toEqual(placed);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.id', ship);
  });

  it('refuses staff in support, who lack the scope', async () => {
    const support = await subgraph.addStaff('support');
    expect(reasonsOf(await ship(unknownId, support))).toEqual(['authz.scope.deny']);
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: shipQuery, variables: { id: unknownId } },
    scope: 'orders:ship',
  });
});

describe('cancelOrder and markOrderShipped at once', () => {
  it('let exactly one win, and the stock tells the same', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id, findStock } = await placeOrder();
      const requests = [() => cancel(id), () => ship(id)];
      const answers = await Promise.all((round % 2 ? requests : requests.toReversed()).map((send) => send()));
      expect(answers.flatMap(reasonsOf)).toEqual(['input.id']);
      const [row] = await subgraph.database.query('select status from orders.order where id = $1', [id]);
      expect(await findStock()).toEqual(row.status === 'shipped' ? gone : givenBack);
    }
  });
});
