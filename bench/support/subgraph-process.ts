import { customerPolicies } from '@signet/access';
import { requestScopes } from '@signet/db';
import type { SubgraphName } from '@signet/schema/subgraphs';
import { createLogger } from '@signet/service';
import { serveSubgraph } from '@signet/subgraph';

/** A request to one subgraph, and resolvers that answer it from memory. */
export type Work = {
  subgraph: SubgraphName;
  request: { query: string; variables?: object };
  resolvers: object;
  policies?: typeof customerPolicies;
  /** Stands in the right answer. */
  expected: string;
};

const pageInfo = { hasNextPage: true, hasPreviousPage: false, startCursor: 'a', endCursor: 'b' };
const products = Array.from({ length: 20 }, (_, index) => ({
  id: `0198a3b0-0000-7000-8000-0000000000${10 + index}`,
  sku: `SKU-${index}`,
  name: `Product ${index}`,
  category_id: '0198a3b0-0000-7000-8000-000000000001',
}));

export const works: Readonly<Record<string, Work>> = {
  me: {
    subgraph: 'auth',
    request: { query: '{me{id email}}' },
    resolvers: {
      Query: {
        me: (_parent: unknown, _args: unknown, { session }: { session: { userId: string } }) => ({
          id: session.userId,
          email: 'ada@example.com',
        }),
      },
      User: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
      StaffMember: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
    },
    policies: customerPolicies,
    expected: 'ada@example.com',
  },
  'a page of 20 products': {
    subgraph: 'catalog',
    request: {
      query:
        'query Page__catalog__0($first:Int!){products(first:$first){edges{cursor node{__typename id sku name price{amount currency}category{slug name}}}pageInfo{hasNextPage endCursor}}}',
      variables: { first: 20 },
    },
    resolvers: {
      Query: {
        products: async () => ({ edges: products.map((node) => ({ cursor: node.id, node })), pageInfo }),
      },
      Product: {
        __resolveReference: ({ id }: { id: string }) => ({ id }),
        category: () => ({ id: 'c', slug: 'lamps', name: 'Lamps' }),
        price: () => ({ amount: 1999, currency: 'EUR' }),
      },
    },
    expected: 'SKU-19',
  },
  'stock of 20 products': {
    subgraph: 'inventory',
    request: {
      query:
        'query Page__inventory__1($representations:[_Any!]!){_entities(representations:$representations){...on Product{stock{available inStock}}}}',
      variables: { representations: products.map(({ id }) => ({ __typename: 'Product', id })) },
    },
    resolvers: {
      Product: {
        __resolveReference: async ({ id }: { id: string }) => ({ id, stock: { on_hand: 9, reserved: 2 } }),
      },
      Dashboard: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
      Stock: {
        available: (row: { on_hand: number; reserved: number }) => row.on_hand - row.reserved,
        inStock: (row: { on_hand: number; reserved: number }) => row.on_hand > row.reserved,
      },
    },
    expected: '"available":7',
  },
};

if (process.send) await main();

async function main(): Promise<void> {
  const [, , title = '', json = ''] = process.argv;
  const work = works[title] as Work;
  const { issuerUrl, jwksUrls, keyFile, peersFile } = JSON.parse(json);
  const server = await serveSubgraph({
    name: work.subgraph,
    config: {
      HOST: '127.0.0.1',
      PORT: 0,
      ALLOWED_HOSTS: [],
      LOG_LEVEL: 'warn',
      NODE_ENV: 'test',
      DATABASE_URL: 'postgres://nowhere',
      DEFAULT_TENANT: 'demo',
      ISSUER_URL: issuerUrl,
      USER_JWKS_URL: jwksUrls.user,
      PORTAL_JWKS_URL: jwksUrls.portal,
      JWKS_INSECURE: false,
      SHUTDOWN_DRAIN_MS: 0,
      REQUIRE_PROOF: true,
      PROOF_KEY_FILE: keyFile,
      PROOF_PEERS_FILE: peersFile,
    },
    logger: createLogger('bench', 'warn'),
    resolvers: work.resolvers,
    ...(work.policies && { policies: work.policies }),
    database: {
      findTenantId: async () => undefined,
      checkReady: async () => undefined,
      classifyError: () => undefined,
      requests: requestScopes,
      close: async () => {},
    },
    nonces: { use: async () => true },
    createContext: (session) => session,
  });
  process.on('message', (message) => {
    if (message === 'cpu') process.send?.(process.cpuUsage());
    else void server.stop().then(() => process.disconnect());
  });
  process.send?.({ port: Number(new URL(server.url).port) });
}
