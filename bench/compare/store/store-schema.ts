/**
 * The four subgraphs of the comparison. Their graph has the shape of the one that The Guild measures federation gateways
 * with, so that its query can be asked here; text and data are our own. Federation 1, which every contender understands.
 */
export const storeSchema = {
  accounts: `
    extend type Query {
      me: User
      users: [User!]
    }
    type User @key(fields: "id") {
      id: ID!
      name: String
      username: String
    }`,
  products: `
    extend type Query {
      topProducts(first: Int = 5): [Product!]
    }
    type Product @key(fields: "upc") {
      upc: String!
      name: String
      price: Int
      weight: Int
    }`,
  inventory: `
    extend type Product @key(fields: "upc") {
      upc: String! @external
      weight: Int @external
      price: Int @external
      inStock: Boolean
      shippingEstimate: Int @requires(fields: "price weight")
    }`,
  reviews: `
    type Review @key(fields: "id") {
      id: ID!
      body: String
      author: User
      product: Product
    }
    extend type User @key(fields: "id") {
      id: ID! @external
      reviews: [Review!]
    }
    extend type Product @key(fields: "upc") {
      upc: String! @external
      reviews: [Review!]
    }`,
} as const;

export type StoreSubgraph = keyof typeof storeSchema;
export const storeSubgraphs = Object.keys(storeSchema) as StoreSubgraph[];
