import { products, type Review, reviews, users } from './store-data.ts';
import type { StoreSubgraph } from './store-schema.ts';

type Reference = { id?: string; upc?: string; price?: number; weight?: number };

const toUser = (id: string) => ({ __typename: 'User', id });
const toProduct = (upc: string) => ({ __typename: 'Product', upc });
const describeReview = (review: Review) => ({
  ...review,
  author: toUser(review.authorId),
  product: toProduct(review.upc),
});
const reviewsWhere = (matches: (review: Review) => boolean) => reviews.filter(matches).map(describeReview);

/** The resolvers of each subgraph, from memory. */
export const storeResolvers = {
  accounts: {
    Query: { me: () => users[0], users: () => users },
    User: { __resolveReference: ({ id }: Reference) => users.find((user) => user.id === id) },
  },
  products: {
    Query: {
      topProducts: (_parent: unknown, { first }: { first: number }) => products.slice(0, first),
    },
    Product: { __resolveReference: ({ upc }: Reference) => products.find((product) => product.upc === upc) },
  },
  inventory: {
    Product: {
      __resolveReference: (reference: Reference) => reference,
      inStock: ({ upc }: Reference) => Number(upc) % 3 !== 0,
      shippingEstimate: ({ price = 0, weight = 0 }: Reference) => (price > 50_000 ? 0 : weight * 50),
    },
  },
  reviews: {
    Review: {
      __resolveReference: ({ id }: Reference) => {
        const review = reviews.find((known) => known.id === id);
        return review && describeReview(review);
      },
    },
    User: { reviews: ({ id }: Reference) => reviewsWhere(({ authorId }) => authorId === id) },
    Product: { reviews: ({ upc }: Reference) => reviewsWhere((review) => review.upc === upc) },
  },
} satisfies Record<StoreSubgraph, object>;
