import {
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAs } from '../../../db/src/access/role-client.test-support.ts';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';

const query = `
  mutation ($productId: ID!, $change: Int!, $reason: String! = "Counted", $idempotencyKey: String) {
    adjustStock(input: { productId: $productId, change: $change, reason: $reason, idempotencyKey: $idempotencyKey }) {
      id stock { available onHand reserved }
    }
  }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());

const adjust = (productId: string, change: number, more: object = {}) =>
  subgraph.ask(query, { productId, change, ...more }, staff);
const addStock = (onHand: number) => addProduct(subgraph.database, subgraph.tenants.demo, { onHand });
const findRow = async (productId: string) => {
  const rows = await subgraph.database.query(
    'select on_hand, reserved from inventory.stock where product_id = $1',
    [productId],
  );
  return rows[0];
};

describe('adjustStock', () => {
  it('adds and takes away', async () => {
    const productId = await addStock(10);
    await adjust(productId, 5);
    const { body } = await adjust(productId, -7);
    expect(body.data.adjustStock).toEqual({
      id: productId,
      stock: { available: 8, onHand: 8, reserved: 0 },
    });
  });

  it('begins to keep stock of a product that was never counted', async () => {
    const productId = await addProduct(subgraph.database, subgraph.tenants.demo);
    const answers = await Promise.all([adjust(productId, 3), adjust(productId, 4)]);
    expect(answers.flatMap(reasonsOf)).toEqual([]);
    expect(await findRow(productId)).toEqual({ on_hand: 7, reserved: 0 });
  });

  it('loses none of 50 changes made at once', async () => {
    const productId = await addStock(0);
    await Promise.all(Array.from({ length: 50 }, () => adjust(productId, 2)));
    expect(await findRow(productId)).toEqual({ on_hand: 100, reserved: 0 });
  });

  it('leaves what orders were promised, also when several take away at once', async () => {
    const productId = await addStock(10);
    await subgraph.database.query('update inventory.stock set reserved = 4 where product_id = $1', [
      productId,
    ]);
    expect(reasonsOf(await adjust(productId, -7))).toEqual(['input.change']);
    const answers = await Promise.all(Array.from({ length: 10 }, () => adjust(productId, -1)));
    expect(answers.flatMap(reasonsOf)).toEqual(Array(4).fill('input.change'));
    expect(await findRow(productId)).toEqual({ on_hand: 4, reserved: 4 });
  });

  it('refuses to take from a product that was never counted, and keeps no row', async () => {
    const productId = await addProduct(subgraph.database, subgraph.tenants.demo);
    expect(reasonsOf(await adjust(productId, -1))).toEqual(['input.change']);
    expect(await findRow(productId)).toBeUndefined();
  });

  it('refuses more than 1000000000 pieces', async () => {
    const productId = await addStock(1_000_000_000);
    expect(reasonsOf(await adjust(productId, 1))).toEqual(['input.change']);
    expect(reasonsOf(await adjust(productId, 1_000_000_000))).toEqual(['input.change']);
  });

  it('refuses products that do not exist or are of another tenant, counted there or not', async () => {
    const { database, tenants } = subgraph;
    const counted = await addProduct(database, tenants.globex, { onHand: 5 });
    const uncounted = await addProduct(database, tenants.globex);
    for (const productId of [unknownId, counted, uncounted]) {
      expect(reasonsOf(await adjust(productId, 1))).toEqual(['input.productId']);
    }
    expect(await findRow(counted)).toEqual({ on_hand: 5, reserved: 0 });
  });

  it.each(
    titled([
      [{ change: 0 }, 'input.change'],
      [{ change: 1_000_000_001 }, 'input.change'],
      [{ change: -3_000_000_000 }, 'input.change'],
      [{ change: 1.5 }, 'input.change'],
      [{ idempotencyKey: '' }, 'input.idempotencyKey'],
      [{ idempotencyKey: 'a'.repeat(201) }, 'input.idempotencyKey'],
      [{ reason: '' }, 'input.reason'],
      [{ reason: 'a\0' }, 'input.reason'],
      [{ reason: 'a'.repeat(10_240) }, 'input.reason'],
    ]),
  )('refuses %s', async (_title, more, reason) => {
    expect(reasonsOf(await adjust(unknownId, 1, more))).toEqual([reason]);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.productId', (id) => adjust(id, 1));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { productId: unknownId, change: 1 } },
    scope: 'stock:write',
  });
});

describe('an idempotency key of adjustStock', () => {
  it('changes the stock once, however often and in whatever spelling it is sent', async () => {
    const productId = await addStock(10);
    const first = await adjust(productId, 5, { idempotencyKey: 'caf\u00e9' });
    const second = await adjust(productId, 5, { idempotencyKey: 'cafe\u0301' });
    expect(second.body).toEqual(first.body);
    expect(await findRow(productId)).toEqual({ on_hand: 15, reserved: 0 });
  });

  it('changes the stock once for 20 equal requests sent at once', async () => {
    const productId = await addStock(10);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => adjust(productId, 1, { idempotencyKey: 'parallel' })),
    );
    expect(answers.flatMap(reasonsOf)).toEqual([]);
    expect(await findRow(productId)).toEqual({ on_hand: 11, reserved: 0 });
  });

  it('is refused for another product, change or reason', async () => {
    const [productId, other] = [await addStock(10), await addStock(10)];
    await adjust(productId, 1, { idempotencyKey: 'used' });
    for (const answer of [
      await adjust(other, 1, { idempotencyKey: 'used' }),
      await adjust(productId, 2, { idempotencyKey: 'used' }),
      await adjust(productId, 1, { idempotencyKey: 'used', reason: 'Lost' }),
    ]) {
      expect(reasonsOf(answer)).toEqual(['input.idempotencyKey']);
    }
    expect(await findRow(productId)).toEqual({ on_hand: 11, reserved: 0 });
    expect(await findRow(other)).toEqual({ on_hand: 10, reserved: 0 });
  });

  it('can be used again after a refusal', async () => {
    const productId = await addStock(0);
    expect(reasonsOf(await adjust(productId, -1, { idempotencyKey: 'retry' }))).toEqual(['input.change']);
    await adjust(productId, 1);
    expect(reasonsOf(await adjust(productId, -1, { idempotencyKey: 'retry' }))).toEqual([]);
    expect(await findRow(productId)).toEqual({ on_hand: 0, reserved: 0 });
  });

  it("has nothing to do with another member's equal key, and changes without one are made each time", async () => {
    const productId = await addStock(0);
    const colleague = await subgraph.addStaff('operations');
    await adjust(productId, 1, { idempotencyKey: 'equal' });
    await subgraph.ask(query, { productId, change: 1, idempotencyKey: 'equal' }, colleague);
    await adjust(productId, 1);
    await adjust(productId, 1, { idempotencyKey: null });
    expect(await findRow(productId)).toEqual({ on_hand: 4, reserved: 0 });
  });

  it('counts for a service account of the portal too', async () => {
    const productId = await addStock(0);
    const id = '0199c2f4-7a10-7000-8000-0000000000aa';
    const token = await subgraph.issuer.mintServiceToken({
      of: 'portal',
      tenantId: subgraph.tenants.demo,
      serviceId: id,
    });
    const variables = { productId, change: 1, idempotencyKey: 'job' };
    for (let time = 0; time < 2; time++) {
      expect(reasonsOf(await subgraph.ask(query, variables, { id, token }))).toEqual([]);
    }
    expect(await findRow(productId)).toEqual({ on_hand: 1, reserved: 0 });
  });
});

describe('the audit log', () => {
  const rowsOf = (productId: string) =>
    subgraph.database.query(
      `select tenant_id, kind, platform, actor_id, session_id is not null as has_session, details
       from auth.audit_event where details ->> 'productId' = $1 order by id`,
      [productId],
    );

  it('has each change of stock once, with who made it, and no word that they typed', async () => {
    const productId = await addStock(10);
    await adjust(productId, 5, { idempotencyKey: 'audited', reason: 'a secret word' });
    await adjust(productId, 5, { idempotencyKey: 'audited', reason: 'a secret word' });
    expect(await rowsOf(productId)).toEqual([
      {
        tenant_id: subgraph.tenants.demo,
        kind: 'inventory.stock.adjusted',
        platform: 'portal',
        actor_id: staff.id,
        has_session: true,
        details: { productId, change: 5, onHand: 15 },
      },
    ]);
  });

  it('has no row of a change that was refused', async () => {
    const productId = await addStock(0);
    await adjust(productId, -1);
    expect(await rowsOf(productId)).toEqual([]);
  });

  it("takes rows of the subgraph's own kinds, on the portal's side, in the tenant of the change, and nothing else", async () => {
    await using client = await connectAs(subgraph.database.urlOf('signet_inventory'));
    const write = (kind: string, platform: string, tenantId = subgraph.tenants.demo) =>
      client.tryInTenant(subgraph.tenants.demo, () =>
        client.refusalOf(`insert into auth.audit_event (tenant_id, kind, platform) values ($1, $2, $3)`, [
          tenantId,
          kind,
          platform,
        ]),
      );
    expect(await write('inventory.stock.adjusted', 'portal')).toBeUndefined();
    for (const [kind, platform, tenantId] of [
      ['auth.login.success', 'portal'],
      ['orders.order.shipped', 'portal'],
      ['inventory.stock.adjusted', 'user'],
      ['inventory.stock.adjusted', 'portal', subgraph.tenants.globex],
    ] as const) {
      expect(await write(kind, platform, tenantId)).toMatch(/^42501 new row violates row-level security/);
    }
    expect(await client.refusalOf('select kind from auth.audit_event')).toMatch(/^42501 /);
  });
});
