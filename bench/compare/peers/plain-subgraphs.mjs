// Three subgraphs on the shop's tables as a tutorial writes them: Apollo's standalone server, kysely, DataLoader, a verified token in each
// context. No proof, no row security, no access rules beyond the token; they read as the owner of the tables.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import DataLoader from 'dataloader';
import { parse } from 'graphql';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { verifyToken } from './tokens.mjs';

const { PORTS, DATABASE_URL } = process.env;
const ports = JSON.parse(PORTS);

const federation = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
  type Money @shareable { amount: Int! currency: String! }`;
const money = (amount, currency) => ({ amount, currency });
const groupBy = (rows, column) => Map.groupBy(rows, (row) => row[column]);

const subgraphs = {
  catalog: {
    typeDefs: `${federation}
      type Query { products(first: Int! = 20): ProductConnection }
      type ProductConnection { edges: [ProductEdge!]! }
      type ProductEdge { node: Product! }
      type Category { name: String! }
      type Product @key(fields: "id") { id: ID! sku: String! name: String! price: Money! category: Category! }`,
    createLoaders: (db, { tenant }) => ({
      product: new DataLoader(async (ids) => {
        const rows = await selectProducts(db, tenant).where('product.id', 'in', ids).execute();
        const byId = new Map(rows.map((row) => [row.id, row]));
        return ids.map((id) => byId.get(id));
      }),
    }),
    resolvers: {
      Query: {
        async products(_parent, { first }, { db, claims }) {
          const rows = await selectProducts(db, claims.tenant)
            .where('product.archived_at', 'is', null)
            .orderBy('product.name')
            .orderBy('product.id')
            .limit(first)
            .execute();
          return { edges: rows.map((node) => ({ node })) };
        },
      },
      Product: {
        __resolveReference: ({ id }, { loaders }) => loaders.product.load(id),
        price: (row) => money(row.price_amount, row.currency),
        category: (row) => ({ name: row.category_name }),
      },
    },
  },
  inventory: {
    typeDefs: `${federation}
      type Product @key(fields: "id") { id: ID! stock: Stock }
      type Stock { available: Int! inStock: Boolean! }`,
    createLoaders: (db, { tenant }) => ({
      stock: new DataLoader(async (ids) => {
        const rows = await db
          .selectFrom('inventory.stock')
          .select(['product_id', 'on_hand', 'reserved'])
          .where('tenant_id', '=', tenant)
          .where('product_id', 'in', ids)
          .execute();
        const byId = new Map(rows.map((row) => [row.product_id, row]));
        return ids.map((id) => byId.get(id));
      }),
    }),
    resolvers: {
      Product: {
        __resolveReference: ({ id }) => ({ id }),
        stock: ({ id }, _args, { loaders }) => loaders.stock.load(id),
      },
      Stock: {
        available: (row) => row.on_hand - row.reserved,
        inStock: (row) => row.on_hand > row.reserved,
      },
    },
  },
  orders: {
    typeDefs: `${federation}
      type Query { myOrders(first: Int! = 20): OrderConnection }
      type OrderConnection { edges: [OrderEdge!]! }
      type OrderEdge { node: Order! }
      type Order { id: ID! status: String! placedAt: String! total: Money! items: [OrderItem!]! }
      type OrderItem { quantity: Int! unitPrice: Money! product: Product }
      type Product @key(fields: "id", resolvable: false) { id: ID! }`,
    createLoaders: (db, { tenant }) => ({
      items: new DataLoader(async (orderIds) => {
        const rows = await db
          .selectFrom('orders.order_item')
          .select(['order_id', 'product_id', 'quantity', 'unit_price_amount'])
          .where('tenant_id', '=', tenant)
          .where('order_id', 'in', orderIds)
          .orderBy('position')
          .execute();
        const byOrder = groupBy(rows, 'order_id');
        return orderIds.map((id) => byOrder.get(id) ?? []);
      }),
    }),
    resolvers: {
      Query: {
        async myOrders(_parent, { first }, { db, claims }) {
          const rows = await db
            .selectFrom('orders.order')
            .select(['id', 'status', 'total_amount', 'currency', 'placed_at'])
            .where('tenant_id', '=', claims.tenant)
            .where('user_id', '=', claims.sub)
            .orderBy('placed_at', 'desc')
            .orderBy('id', 'desc')
            .limit(first)
            .execute();
          return { edges: rows.map((node) => ({ node })) };
        },
      },
      Order: {
        status: (row) => row.status.toUpperCase(),
        placedAt: (row) => row.placed_at.toISOString(),
        total: (row) => money(row.total_amount, row.currency),
        items: async (row, _args, { loaders }) =>
          (await loaders.items.load(row.id)).map((item) => ({ ...item, currency: row.currency })),
      },
      OrderItem: {
        unitPrice: (item) => money(item.unit_price_amount, item.currency),
        product: (item) => ({ id: item.product_id }),
      },
    },
  },
};

function selectProducts(db, tenant) {
  return db
    .selectFrom('catalog.product as product')
    .innerJoin('catalog.category as category', 'category.id', 'product.category_id')
    .select([
      'product.id',
      'product.sku',
      'product.name',
      'product.price_amount',
      'product.currency',
      'category.name as category_name',
    ])
    .where('product.tenant_id', '=', tenant);
}

for (const [name, { typeDefs, resolvers, createLoaders }] of Object.entries(subgraphs)) {
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const server = new ApolloServer({
    schema: buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers }]),
  });
  await startStandaloneServer(server, {
    listen: { port: ports[name], host: '127.0.0.1' },
    context: async ({ req }) => {
      const claims = await verifyToken(req.headers.authorization);
      return { db, claims, loaders: createLoaders(db, claims) };
    },
  });
}
