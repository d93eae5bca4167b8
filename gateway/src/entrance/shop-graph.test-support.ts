import { readSubgraphSdl } from '@signet/schema/sdl';
import type { Variant } from '@signet/schema/supergraph-files';
import { composeSupergraph } from '@signet/schema/supergraphs';
import { type DocumentNode, parse } from 'graphql';

/*
 * The graph of the gateway's tests: the platform's subgraphs, each with a part of a small shop. So there are public fields, lists in
 * lists and an entity of two subgraphs, whether the repository has its demo shop or not.
 */

const page =
  '@listSize(slicingArguments: ["first"], sizedFields: ["edges"], requireOneSlicingArgument: false)';

const shopOfPortal = `
  extend type Query {
    product(id: ID!): Product @public
    products(first: Int! = 20, filter: ProductFilter, anyOf: [ProductFilter!], near: String @cost(weight: 70)): ProductConnection ${page} @public
    categories: [Category!] @listSize(assumedSize: 50) @public
    payroll: Int @platform(is: PORTAL) @recentAuth(seconds: 600)
    bonus: Int @platform(is: PORTAL) @recentAuth(seconds: 900)
  }
  extend type Mutation {
    placeOrder(input: PlaceOrderInput!): Order! @platform(is: USER)
    cancelOrder(id: ID!): Order! @platform(is: USER)
    markOrderShipped(id: ID!): Order! @platform(is: PORTAL)
  }
  extend type User {
    orders(first: Int! = 20): OrderConnection ${page} @authenticated
  }
  type Product @key(fields: "id") @public { id: ID! name: String! category: Category! price: Money! }
  type ProductConnection @public { edges: [ProductEdge!]! totalCount: Int! }
  type ProductEdge @public { cursor: String! node: Product! }
  type Category @public { id: ID! name: String! similar(text: String @cost(weight: 30)): [Category!] }
  type Money @public { amount: Int! }
  type Order @authenticated { id: ID! items: [OrderItem!]! @listSize(assumedSize: 10) customer: User }
  type OrderConnection @authenticated { edges: [OrderEdge!]! }
  type OrderEdge @authenticated { cursor: String! node: Order! }
  type OrderItem @authenticated { product: Product quantity: Int! }
  input ProductFilter { category: String text: String @cost(weight: 500) }
  input PlaceOrderInput @tag(name: "user") { items: [OrderItemInput!]! idempotencyKey: String! }
  input OrderItemInput @tag(name: "user") { productId: ID! quantity: Int! }
`;

const shopOfAuth = `
  type Product @key(fields: "id") @public { id: ID! stock: Stock }
  type Stock @public { available: Int! }
`;

/** The subgraphs of the graph and their SDL. */
export const shopGraphSources = [
  { name: 'auth', sdl: readSubgraphSdl('auth') + shopOfAuth },
  { name: 'portal', sdl: readSubgraphSdl('portal') + shopOfPortal },
];

const composed = new Map<Variant, string>();

/** The supergraph of an entrance, composed once for each file of tests. */
export function shopSupergraph(variant: Variant): string {
  const text = composed.get(variant) ?? composeSupergraph(variant, shopGraphSources);
  composed.set(variant, text);
  return text;
}

export function readShopSupergraph(variant: Variant): DocumentNode {
  return parse(shopSupergraph(variant));
}
