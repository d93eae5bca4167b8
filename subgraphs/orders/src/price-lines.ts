import type { Database } from '@signet/db';
import { badInput } from '@signet/service';
import { sql, type Transaction } from 'kysely';

export type OrderLine = { productId: string; quantity: number };
export type PricedLine = OrderLine & { name: string; unitPriceAmount: number };
export type PricedOrder = { lines: readonly PricedLine[]; totalAmount: number; currency: string };

type PriceRow = {
  product_id: string;
  name: string;
  price_amount: number;
  currency: string;
  is_archived: boolean;
};

/** GraphQL's Int ends here. */
const maxTotalAmount = 2_147_483_647;

/**
 * Adds to each line the product's price of this moment. No price ever comes from the client.
 *
 * @throws {RefusalError} input.items for products that can't be ordered, or not together.
 */
export async function priceLines(
  trx: Transaction<Database>,
  lines: readonly OrderLine[],
): Promise<PricedOrder> {
  const rows = await findPrices(trx, lines);
  const priced = lines.map((line) => priceLine(line, rows.get(line.productId)));
  const currencies = [...new Set([...rows.values()].map((row) => row.currency))];
  const [currency] = currencies;
  if (currency === undefined || currencies.length > 1) {
    throw badInput('items', `An order has one currency; these are priced in ${currencies.join(' and ')}.`);
  }
  const totalAmount = priced.reduce((sum, line) => sum + line.quantity * line.unitPriceAmount, 0);
  if (totalAmount > maxTotalAmount) {
    throw badInput('items', `The total must not exceed ${maxTotalAmount} in the currency's minor unit.`);
  }
  return { lines: priced, totalAmount, currency };
}

async function findPrices(
  trx: Transaction<Database>,
  lines: readonly OrderLine[],
): Promise<Map<string, PriceRow>> {
  const ids = lines.map(({ productId }) => productId);
  const { rows } = await sql<PriceRow>`select * from catalog.prices_for_order(${ids}::uuid[])`.execute(trx);
  return new Map(rows.map((row) => [row.product_id, row]));
}

function priceLine(line: OrderLine, row: PriceRow | undefined): PricedLine {
  if (!row) throw badInput('items', `There is no product ${line.productId}.`);
  if (row.is_archived) throw badInput('items', `"${row.name}" is no longer sold.`);
  return { ...line, name: row.name, unitPriceAmount: row.price_amount };
}
