import { assertData, assertThat, type Smoke } from '@signet/testing/smoke';

/** What `signet smoke` tries of the shop: one query over all of its subgraphs, and the orders that staff see. */
export const smoke: Smoke = async ({ user, userToken, portal, portalToken, step }) => {
  await step("a customer's order crosses auth, orders, catalog and inventory", async () => {
    const { me } = assertData(await user.query(orderQuery, userToken)) as { me: Me };
    const items = me.orders.edges[0]?.node.items ?? [];
    assertThat(items.length > 0, 'this customer has no order with items');
    assertThat(
      items.every((item) => item.product.name && Number.isInteger(item.product.stock.available)),
      'an item has no product or stock',
    );
    return JSON.stringify(me);
  });
  await step('staff see the orders', async () => {
    const { orders } = assertData(
      await portal.query('{ orders(first: 1) { edges { node { id status } } } }', portalToken),
    ) as { orders: { edges: unknown[] } };
    assertThat(orders.edges.length === 1, 'there is no order');
    return JSON.stringify(orders);
  });
};

const orderQuery = `{ me { email orders(first: 1) { edges { node {
  status total { amount currency }
  items { quantity unitPrice { amount } product { name stock { available } } }
} } } } }`;

type Item = { product: { name: string; stock: { available: number } } };
type Me = { orders: { edges: { node: { items: Item[] } }[] } };
