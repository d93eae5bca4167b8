import { hash } from 'node:crypto';
import { badInput } from '@signet/service';
import { findId, readText } from '@signet/subgraph';
import type { PlaceOrderInput } from '../resolvers.generated.ts';

export type OrderLine = { productId: string; quantity: number };
export type OrderRequest = { lines: readonly OrderLine[]; idempotencyKey: string; inputHash: Buffer };

const maxLines = 50;
const maxQuantity = 1000;
const maxKeyLength = 200;

/** @throws {RefusalError} input.items, input.idempotencyKey */
export function readOrderRequest({ items, idempotencyKey }: PlaceOrderInput): OrderRequest {
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
