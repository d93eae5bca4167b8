import { hash } from 'node:crypto';
import { type Database, inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { findId, readText } from '@signet/subgraph';
import type { Transaction } from 'kysely';
import type { OrderSettings } from '../settings.ts';
import { moveStock } from './change-orders.queries.ts';
import { findOrders, type OrderRow } from './order.queries.ts';
import {
  countOpenOrders,
  getKey,
  insertOrder,
  type OpenOrders,
  type OrderRequest,
  type Owner,
  setOrderOfKey,
  takeKey,
} from './place-order.queries.ts';
import { requireCustomer } from './policies.ts';
import { type OrderLine, type PricedOrder, priceLines } from './price-lines.ts';
import type { MutationResolvers, PlaceOrderInput } from './resolvers.generated.ts';

const maxLines = 50;
const maxQuantity = 1000;
const maxKeyLength = 200;

export const placeOrder: NonNullable<MutationResolvers['placeOrder']> = async (_parent, { input }, ctx) => {
  const { userId } = requireCustomer(ctx.session, 'orders:write');
  const request = readOrderRequest(input);
  const owner = { tenantId: ctx.tenantId, userId };
  return inTenant(ctx.db, ctx.tenantId, (trx) => placeOnce(trx, owner, request, ctx.settings));
};

/**
 * An error anywhere in here rolls all of it back, the key too, so that a refused order can be tried again with the same key.
 *
 * READ COMMITTED is enough: the key's unique index lets one of several equal requests through, and stock is taken by an
 * UPDATE whose condition PostgreSQL checks again on the row as others left it. Nothing is decided on an older read, and
 * no request has to be repeated for a serialization failure. The price is the one committed last when it is read.
 */
async function placeOnce(
  trx: Transaction<Database>,
  owner: Owner,
  request: OrderRequest,
  settings: OrderSettings,
): Promise<OrderRow> {
  if (!(await takeKey(trx, owner, request))) return getPlacedOrder(trx, owner, request);
  assertMayReserve(request, await countOpenOrders(trx, owner), settings);
  const priced = await priceLines(trx, request.lines);
  assertExpected(request, priced);
  const missing = await moveStock(trx, 'reserve', priced.lines);
  if (missing !== undefined) {
    const line = priced.lines.find(({ productId }) => productId === missing);
    throw badInput('items', `Not enough of "${line?.name}" is in stock for a quantity of ${line?.quantity}.`);
  }
  const order = await insertOrder(trx, owner, priced, settings.RESERVATION_MINUTES);
  await setOrderOfKey(trx, owner, request.idempotencyKey, order.id);
  return order;
}

/** @throws {RefusalError} input.items where the customer has too much reserved, so that nobody empties the shelves alone. */
function assertMayReserve(
  { lines }: OrderRequest,
  open: OpenOrders,
  { RESERVATION_ORDERS: maxOrders, RESERVATION_PIECES: maxPieces }: OrderSettings,
): void {
  if (open.orders >= maxOrders) {
    throw badInput(
      'items',
      `You have ${open.orders} open orders, and may have ${maxOrders}. Wait until one is shipped, or cancel one.`,
    );
  }
  const pieces = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  if (open.pieces + pieces > maxPieces) {
    throw badInput(
      'items',
      `Your open orders may have ${maxPieces} pieces together. They have ${open.pieces}; this one has ${pieces}.`,
    );
  }
}

/** @throws {RefusalError} input.expectedTotal where the prices of this moment make another total than the customer was shown. */
function assertExpected({ expectedTotal }: OrderRequest, { totalAmount, currency }: PricedOrder): void {
  if (expectedTotal !== undefined && expectedTotal !== totalAmount) {
    throw badInput(
      'expectedTotal',
      `The total is ${totalAmount} ${currency} now, in the currency's minor unit. Show it and order again.`,
    );
  }
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

/** @throws {RefusalError} input.items, input.idempotencyKey */
function readOrderRequest({ items, idempotencyKey, expectedTotal }: PlaceOrderInput): OrderRequest {
  if (items.length < 1 || items.length > maxLines) {
    throw badInput('items', `An order has 1 to ${maxLines} items.`);
  }
  const lines = items.map(readLine);
  if (new Set(lines.map(({ productId }) => productId)).size < lines.length) {
    throw badInput('items', 'A product stands in an order once: add up its quantities.');
  }
  return {
    lines,
    idempotencyKey: readText('idempotencyKey', idempotencyKey, { max: maxKeyLength }),
    inputHash: hashLines(lines),
    expectedTotal: expectedTotal ?? undefined,
  };
}

function readLine({ productId, quantity }: PlaceOrderInput['items'][number]): OrderLine {
  const id = findId(productId);
  if (id === undefined) throw badInput('items', 'A productId is not an id.');
  if (quantity < 1 || quantity > maxQuantity) {
    throw badInput('items', `A quantity must be between 1 and ${maxQuantity}.`);
  }
  return { productId: id, quantity };
}

/** SHA-256 of the lines in the order of their ids: the same things ordered in another order are the same input. */
function hashLines(lines: readonly OrderLine[]): Buffer {
  const canonical = lines
    .map(({ productId, quantity }) => [productId, quantity] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return hash('sha256', JSON.stringify(canonical), 'buffer');
}
