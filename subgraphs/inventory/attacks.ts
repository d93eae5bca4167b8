import { type Attack, wonUnlessRefused } from '@signet/testing/attack';

/** What `signet attack` tries of the stock. */
export const attacks: readonly Attack[] = [
  {
    name: 'staff field of stock',
    tried: 'stock.onHand and stock.reserved as a customer',
    run: async ({ graph, customer }) =>
      wonUnlessRefused(
        await graph.ask('{ products(first: 1) { edges { node { stock { onHand reserved } } } } }', {
          token: customer,
        }),
      ),
  },
];
