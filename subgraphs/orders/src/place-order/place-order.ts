import { type Database, inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import type { Transaction } from 'kysely';
import { findOrders, type OrderRow } from '../order.queries.ts';
import { requireCustomer } from '../order-access.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { moveStock } from '../stock-movements.ts';
import { type OrderRequest, readOrderRequest } from './order-input.ts';
import { getKey, insertOrder, type Owner, setOrderOfKey, takeKey } from './place-order.queries.ts';
import { priceLines } from './price-lines.ts';

export const placeOrder: NonNullable<MutationResolvers['placeOrder']> = async (_parent, { input }, ctx) => {
  const { userId } = requireCustomer(ctx.session, 'orders:write');
  const request = readOrderRequest(input);
  const owner = { tenantId: ctx.tenantId, userId };
  return inTenant(ctx.db, ctx.tenantId, (trx) => placeOnce(trx, owner, request));
};

/**
 * Whatever throws here rolls all of it back, the key too, so that a refused order can be tried again with the same key.
 *
 * READ COMMITTED is enough: the key's unique index lets one of several equal requests through, and stock is taken by an
 * UPDATE whose condition PostgreSQL checks again on the row as others left it. Nothing is decided on an older read, and
 * no request has to be repeated for a serialization failure. The price is the one committed last when it is read.
 */
async function placeOnce(trx: Transaction<Database>, owner: Owner, request: OrderRequest): Promise<OrderRow> {
  if (!(await takeKey(trx, owner, request))) return getPlacedOrder(trx, owner, request);
  const priced = await priceLines(trx, request.lines);
  const missing = await moveStock(trx, 'reserve', priced.lines);
  if (missing !== undefined) {
    const line = priced.lines.find(({ productId }) => productId === missing);
    throw badInput('items', `Not enough of "${line?.name}" is in stock for a quantity of ${line?.quantity}.`);
  }
  const order = await insertOrder(trx, owner, priced);
  await setOrderOfKey(trx, owner, request.idempotencyKey, order.id);
  return order;
}

/** @throws {RefusalError} input.idempotencyKey when the key was used for other items. */
async function getPlacedOrder(
  trx: Transaction<Database>,
  owner: Owner,
  { idempotencyKey, inputHash }: OrderRequest,
): Promise<OrderRow> {
  const known = await getKey(trx, owner, idempotencyKey);
  if (!known.input_hash.equals(inputHash)) {
    throw badInput('idempotencyKey', 'This key was used for an order of other items. Take a new one.');
  }
  const [order] = known.order_id ? await findOrders(trx, [known.order_id]) : [];
  if (!order) throw new Error('An idempotency key was committed without its order.');
  return order;
}
