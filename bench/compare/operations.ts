export type BenchOperation = { name: string; query: string };

/** The query of The Guild's public benchmark of federation gateways. */
const nested = `
fragment User on User { id username name }
fragment Review on Review { id body }
fragment Product on Product { inStock name price shippingEstimate upc weight }
query Nested {
  users {
    ...User
    reviews {
      ...Review
      product {
        ...Product
        reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } }
      }
    }
  }
  topProducts {
    ...Product
    reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } }
  }
}`;

/** What a gateway is asked for before the subgraphs of bench/compare/store. */
export const storeOperations: readonly BenchOperation[] = [
  { name: 'i', query: '{ me { name } }' },
  { name: 'ii', query: '{ topProducts(first: 9) { upc name price weight reviews { id body } } }' },
  { name: 'iii', query: nested },
];

/** What a shop's client asks for, before real subgraphs and a real database. */
export const shopOperations: readonly BenchOperation[] = [
  {
    name: 'storefront page',
    query:
      '{ products(first: 20) { edges { node { id sku name price { amount currency } category { name } stock { available inStock } } } } }',
  },
  {
    name: 'orders page',
    query:
      '{ myOrders(first: 3) { edges { node { id status placedAt total { amount currency } items { quantity unitPrice { amount } product { id name stock { inStock } } } } } } }',
  },
];
