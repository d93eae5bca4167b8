import { InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';

/** Lists grow page by page, and a product that a list had is on its page at once. */
export function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      Query: {
        fields: {
          products: relayStylePagination(['filter', 'sort']),
          myOrders: relayStylePagination(),
          product: {
            read(existing, { args, toReference, canRead }) {
              if (existing !== undefined) return existing;
              const known = toReference({ __typename: 'Product', id: args?.id });
              return canRead(known) ? known : undefined;
            },
          },
        },
      },
    },
  });
}
