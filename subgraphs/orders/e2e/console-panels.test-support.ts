import { describe, expect, test } from 'vitest';
import type { Console } from '../../../console/e2e/console.test-support.ts';

export default function testOrdersPanel(staff: Console): void {
  describe("the panel of a customer's orders", () => {
    test('has the number of each order, and opens it by keyboard to what was ordered', async () => {
      const [order] = await staff.platform.home.database.query(
        `select o.id, o.user_id, i.quantity, p.name from orders."order" o
         join auth."user" u on u.id = o.user_id and u.email = 'ada@example.com'
         join orders.order_item i on i.order_id = o.id join catalog.product p on p.id = i.product_id
         order by o.placed_at desc, i.quantity desc limit 1`,
      );
      const page = await staff.open(`customers/${order?.user_id}`, 'support@example.com');
      const panel = page.getByRole('region', { name: 'Orders' });
      await panel.getByText(`…${String(order?.id).slice(-8)}`).waitFor();
      const summary = panel.locator('summary').first();
      await summary.focus();
      await page.keyboard.press('Enter');
      await panel.getByText(String(order?.id), { exact: true }).waitFor();
      await panel.getByText(`${order?.quantity} × ${order?.name}: €`).waitFor();
      expect(await staff.findBarriers(page)).toEqual([]);
    });
  });
}
