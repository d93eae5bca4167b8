import { configFields } from '@signet/service';
import type { z } from 'zod';

/** The settings of this subgraph. */
export const settings = {
  RESERVATION_MINUTES: configFields
    .wholeNumber('must be minutes, 1 to 525600', { min: 1, max: 525_600 })
    .default(4320)
    .describe(
      'How long the stock of an order that is placed stays reserved. An order that has not been shipped by then expires, and its stock is given back.',
    ),
  RESERVATION_ORDERS: configFields
    .wholeNumber('must be a number from 1 to 1000000', { min: 1, max: 1_000_000 })
    .default(20)
    .describe(
      'Orders that a customer may have open at a time: placed, and neither shipped, cancelled nor expired.',
    ),
  RESERVATION_PIECES: configFields
    .wholeNumber('must be a number from 1 to 1000000000', { min: 1, max: 1_000_000_000 })
    .default(1000)
    .describe('Pieces that the open orders of a customer may reserve together.'),
};

export type OrderSettings = { [Name in keyof typeof settings]: z.output<(typeof settings)[Name]> };
