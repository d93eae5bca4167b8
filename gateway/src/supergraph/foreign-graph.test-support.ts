import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { composeServices } from '@theguild/federation-composition';
import { graphql, parse } from 'graphql';

/*
 * A graph that knows nothing of this platform: two subgraphs with names of their own, without rules, proof or issuer.
 */

const link = (imports: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${imports}])`;

const sources = {
  'Product-Catalog': {
    sdl: `type Query { topProducts(first: Int = 5): [Product!]! whoServes: String! }
      type Product @key(fields: "upc") { upc: String! name: String! }`,
    resolvers: (label: string) => ({
      Query: {
        topProducts: (_: unknown, { first }: { first: number }) =>
          ['1', '2', '3'].slice(0, first).map((upc) => ({ upc, name: `Product ${upc}` })),
        whoServes: () => label,
      },
      Product: { __resolveReference: ({ upc }: { upc: string }) => ({ upc, name: `Product ${upc}` }) },
    }),
  },
  reviews_v2: {
    sdl: `type Product @key(fields: "upc") { upc: String! reviews: [Review!]! }
      type Review { text: String! }`,
    resolvers: () => ({
      Product: {
        __resolveReference: (reference: object) => reference,
        reviews: ({ upc }: { upc: string }) => [{ text: `about ${upc}` }],
      },
    }),
  },
};

export type ForeignSubgraph = {
  name: keyof typeof sources;
  url: string;
  /** The headers of each fetch, in order. */
  fetches: IncomingHttpHeaders[];
  /** Holds answers back until `release`. `reached` resolves when one is held. */
  hold(): { reached: Promise<void>; release(): void };
  close(): Promise<void>;
};

/** Serves a subgraph. `label` is what `whoServes` answers. */
export async function serveForeignSubgraph(
  name: keyof typeof sources,
  label: string = name,
): Promise<ForeignSubgraph> {
  const { sdl, resolvers } = sources[name];
  const typeDefs = parse(`${link('"@key"')} ${sdl}`);
  const schema = buildSubgraphSchema([{ typeDefs, resolvers: { ...resolvers(label) } }]);
  const fetches: IncomingHttpHeaders[] = [];
  let held: { released: Promise<void>; reach(): void } | undefined;
  const server = createServer(async (req, res) => {
    if (req.method === 'GET') return res.writeHead(404).end();
    fetches.push(req.headers);
    held?.reach();
    await held?.released;
    const { query, variables } = (await json(req)) as { query: string; variables?: Record<string, unknown> };
    const answer = await graphql({ schema, source: query, ...(variables && { variableValues: variables }) });
    res.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/anything`,
    fetches,
    hold() {
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      held = { released, reach };
      return {
        reached,
        release() {
          held = undefined;
          release();
        },
      };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** `rules`: whether `whoServes` is `@authenticated`, or the rule that it has. No other field has a rule. */
export type ComposeOptions = { more?: string; rules?: boolean | string };

/** The supergraph of these subgraphs, with their URLs in it. `more` is added to the catalog. */
export function composeForeignGraph(
  urls: Readonly<Record<keyof typeof sources, string>>,
  { more = '', rules = false }: ComposeOptions = {},
): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(sources).map(([name, { sdl }]) => {
      const isCatalog = name === 'Product-Catalog';
      const rule = rules === true ? '@authenticated' : rules;
      const ruled = rule ? sdl.replace('whoServes: String!', `whoServes: String! ${rule}`) : sdl;
      return {
        name,
        url: urls[name as keyof typeof sources],
        typeDefs: parse(
          `${link('"@key", "@authenticated", "@requiresScopes"')} ${ruled} ${isCatalog ? more : ''}`,
        ),
      };
    }),
  );
  if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join(', '));
  return supergraphSdl;
}
