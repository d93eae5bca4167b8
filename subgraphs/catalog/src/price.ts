import { badInput } from '@signet/service';
import { readInteger } from '@signet/subgraph';

const maxPriceAmount = 10_000_000;
const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** @throws {RefusalError} input.amount */
export function readPriceAmount(amount: number): number {
  return readInteger('amount', amount, { min: 1, max: maxPriceAmount });
}

/** @throws {RefusalError} input.currency for what is no ISO 4217 code. */
export function readCurrency(currency: string): string {
  if (!currencies.has(currency)) {
    throw badInput('currency', 'The currency must be an ISO 4217 code in capitals, like EUR.');
  }
  return currency;
}
