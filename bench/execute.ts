/**
 * Measures what the executor takes of a request, without HTTP: µs of one `run` with answers of subgraphs that are ready as text.
 * `node bench/execute.ts`
 */
import { buildSubgraphSchema } from '@apollo/subgraph';
import { composeServices } from '@theguild/federation-composition';
import { execute, type GraphQLSchema, getOperationAST, parse } from 'graphql';
import { createExecutor, type FetchResult } from '../gateway/src/execute/executor.ts';
import { prefixFor } from '../gateway/src/execute/response-names.ts';
import { createPlanner } from '../gateway/src/planning/planner.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const users = range(4).map((id) => ({
  id: String(id),
  name: `User ${id}`,
  username: `user${id}`,
  birthday: 1990 + id,
}));
const products = range(9).map((id) => ({
  upc: String(id),
  name: `Product ${id}`,
  price: id * 100,
  weight: id * 7,
}));
const reviews = range(11).map((id) => ({
  id: String(id),
  body: `Review number ${id}, which says a little more`,
  author: id % 4,
  product: id % 9,
}));
type User = { id: string };
type Product = { upc: string; price?: number; weight?: number };

/** The graph of The Guild's gateway benchmark. */
const subgraphs = [
  {
    name: 'accounts',
    sdl: 'type Query { me: User users: [User] } type User @key(fields: "id") { id: ID! name: String username: String birthday: Int }',
    resolvers: {
      Query: { me: () => users[0], users: () => users },
      User: { __resolveReference: ({ id }: User) => users[Number(id)] },
    },
  },
  {
    name: 'inventory',
    sdl: 'type Product @key(fields: "upc") { upc: String! weight: Int @external price: Int @external inStock: Boolean shippingEstimate: Int @requires(fields: "price weight") }',
    resolvers: {
      Product: {
        __resolveReference: (product: Product) => ({ ...product, inStock: Number(product.upc) % 2 === 0 }),
        shippingEstimate: ({ price = 0, weight = 0 }: Product) => (price > 1000 ? 0 : weight / 2) | 0,
      },
    },
  },
  {
    name: 'products',
    sdl: 'type Query { topProducts(first: Int = 5): [Product] } type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }',
    resolvers: {
      Query: { topProducts: (_: unknown, { first }: { first: number }) => products.slice(0, first) },
      Product: { __resolveReference: ({ upc }: Product) => products[Number(upc)] },
    },
  },
  {
    name: 'reviews',
    sdl: `type Review @key(fields: "id") { id: ID! body: String author: User @provides(fields: "username") product: Product }
      type User @key(fields: "id") { id: ID! username: String @external numberOfReviews: Int reviews: [Review] }
      type Product @key(fields: "upc") { upc: String! reviews: [Review] }`,
    resolvers: {
      Review: {
        author: ({ author }: { author: number }) => ({ id: String(author), username: `user${author}` }),
        product: ({ product }: { product: number }) => ({ upc: String(product) }),
      },
      User: {
        reviews: ({ id }: User) => reviews.filter(({ author }) => String(author) === id),
        numberOfReviews: ({ id }: User) => reviews.filter(({ author }) => String(author) === id).length,
      },
      Product: { reviews: ({ upc }: Product) => reviews.filter(({ product }) => String(product) === upc) },
    },
  },
];

const fragments = `
  fragment User on User { id username name }
  fragment Review on Review { id body }
  fragment Product on Product { inStock name price shippingEstimate upc weight }`;
const operations = {
  i: '{ me { id name } }',
  ii: '{ topProducts(first: 9) { upc name price weight inStock shippingEstimate } }',
  iii: `query TestQuery {
    users { ...User reviews { ...Review product { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } } } }
    topProducts { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } }
  } ${fragments}`,
};

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@external", "@requires", "@provides", "@shareable"])\n';
const { supergraphSdl = '', errors } = composeServices(
  subgraphs.map(({ name, sdl }) => ({ name, url: `http://${name}`, typeDefs: parse(link + sdl) })),
);
if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join('\n'));
const schemas = new Map<string, GraphQLSchema>(
  subgraphs.map(({ name, sdl, resolvers }) => [
    name,
    buildSubgraphSchema([{ typeDefs: parse(link + sdl), resolvers }] as Parameters<
      typeof buildSubgraphSchema
    >[0]),
  ]),
);
const answers = new Map<string, string>();
let sent = 0;
let parsingNs = 0n;

async function answer(subgraph: string, body: string): Promise<string> {
  const { query, variables } = JSON.parse(body) as { query: string; variables: Record<string, unknown> };
  const schema = schemas.get(subgraph) as GraphQLSchema;
  return JSON.stringify(
    await execute({ schema, document: parse(query), variableValues: variables, contextValue: {} }),
  );
}

const executor = createExecutor<undefined>({
  supergraphSdl,
  formatError: (error) => error,
  async send({ subgraph, body }) {
    sent += 1;
    const text = answers.get(body) ?? (await answer(subgraph, body));
    answers.set(body, text);
    const begin = process.hrtime.bigint();
    const result = JSON.parse(text) as FetchResult;
    parsingNs += process.hrtime.bigint() - begin;
    return result;
  },
});
const plan = createPlanner({ supergraphSdl, renames: true });

for (const [name, query] of Object.entries(operations)) {
  const result = plan({ source: query, operationName: undefined });
  if (result.kind !== 'planned') throw new Error(JSON.stringify(result));
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  const compiled = executor.compile({
    document,
    operation,
    plan: JSON.parse(result.plan),
    prefix: prefixFor(supergraphSdl),
  });
  const request = { variables: {}, coerced: {}, context: undefined };
  const { text, errors: found } = await compiled.run(request);
  if (found.length > 0) throw new Error(JSON.stringify(found));
  sent = 0;
  await compiled.run(request);
  const fetches = sent;
  const count = name === 'iii' ? 3000 : 30_000;
  const measure = async () => {
    parsingNs = 0n;
    const begin = process.cpuUsage();
    for (let turn = 0; turn < count; turn += 1) await compiled.run(request);
    const { user, system } = process.cpuUsage(begin);
    const all = (user + system) / count;
    return { all, parsing: Number(parsingNs) / 1000 / count };
  };
  await measure();
  const { all, parsing } = await measure();
  const own = (all - parsing).toFixed(1);
  console.log(
    `${name}: ${own} µs beside ${parsing.toFixed(1)} µs of JSON.parse; ${fetches} fetches, ${text.length} characters`,
  );
}
