import type { Attack } from './attack.ts';
import type { Reply } from './client.ts';
import type { Target } from './target.ts';
import { shorten, wonIfInsideShows, wonUnlessRefused } from './verdicts.ts';

/** `unit` again and again, with `%` as its number and `&` as the next. */
function repeat(count: number, unit: string): string {
  return Array.from({ length: count }, (_, index) =>
    unit.replaceAll('%', String(index)).replaceAll('&', String(index + 1)),
  ).join(' ');
}

/** Must be refused, and before it costs anything: an answer that takes long was not. Also on a machine that has more to do. */
const refusedSoonMs = 3000;

function tooMuch(name: string, tried: string, send: (target: Target) => Promise<Reply>): Attack {
  return {
    name,
    tried,
    async run(target) {
      const reply = await send(target);
      return (
        wonUnlessRefused(reply) ??
        wonIfInsideShows(reply) ??
        (reply.body?.errors || reply.status === 413 ? undefined : 'refused without a clean error') ??
        (reply.ms > refusedSoonMs ? `refused after ${Math.round(reply.ms)} ms` : undefined)
      );
    },
  };
}

const guess = 'login(input: { email: "nobody@example.com", password: "a wrong password" }) { accessToken }';
const document = (name: string, tried: string, query: string, variables: object = {}) =>
  tooMuch(name, tried, ({ graph, customer }) => graph.ask(query, { token: customer, variables }));

/** Requests that are small or large, and ask for much more than anybody needs. */
export const sizeAttacks: readonly Attack[] = [
  document('1,000 aliases', 'a field under a thousand names', `{ ${repeat(1000, 'a%: __typename')} }`),
  document(
    '300 pages',
    'a page of 100 products under 300 names',
    `{ ${repeat(300, 'a%: products(first: 100) { edges { node { id } } }')} }`,
  ),
  document(
    '20 dear pages',
    'as many aliases as a frontend may use, each a page of 100 with prices and stock',
    `{ ${repeat(20, 'a%: products(first: 100) { edges { node { name price { amount } stock { available } } } }')} }`,
  ),
  document(
    '100 sign-ins by alias',
    'a hundred guesses in a request',
    `mutation { ${repeat(100, `a%: ${guess}`)} }`,
  ),
  document('2 sign-ins by alias', 'two guesses in a request', `mutation { a: ${guess} b: ${guess} }`),
  document(
    'sign-ins by fragments',
    'guesses in fragments and inline fragments',
    `mutation { ...A ... on Mutation { b: ${guess} } } fragment A on Mutation { a: ${guess} }`,
  ),
  tooMuch('sign-ins by batch', 'an array of ten guesses', ({ graph }) =>
    graph.post(JSON.stringify(Array(10).fill({ query: `mutation { ${guess} }` }))),
  ),
  document(
    'depth of 12',
    'me.orders.customer.orders… twelve fields deep',
    '{ me { orders { edges { node { customer { orders { edges { node { items { product { category { id } } } } } } } } } } } }',
  ),
  document(
    'pages in pages',
    'orders of the customer of orders of the customer, 100 each',
    '{ me { orders(first: 100) { edges { node { customer { orders(first: 100) { edges { node { id } } } } } } } } }',
  ),
  document(
    'a page of a million',
    'products(first: 1000000)',
    '{ products(first: 1000000) { edges { node { id } } } }',
  ),
  document(
    'a list of 10,000',
    'placeOrder of ten thousand items in a variable',
    'mutation ($i: PlaceOrderInput!) { placeOrder(input: $i) { id } }',
    {
      i: { idempotencyKey: 'attack', items: Array(10_000).fill({ productId: 'x', quantity: 1 }) },
    },
  ),
  document(
    'fragment cycle',
    'fragments that spread one another',
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A __typename }',
  ),
  document(
    'fragment bomb',
    '100 fragments, each of which spreads the next one twice',
    `{ ...f0 } ${repeat(99, 'fragment f% on Query { ...f& ...f& }')} fragment f99 on Query { categories { id } }`,
  ),
  document(
    'fragment bomb of 1,000',
    '1,000 fragments, each of which spreads the next one twice',
    `{ ...f0 } ${repeat(1000, 'fragment f% on Query { ...f& ...f& }')} fragment f1000 on Query { categories { id } }`,
  ),
  document(
    'directive bomb',
    '5,000 directives at a field',
    `{ categories ${repeat(5000, '@include(if: true)')} { id } }`,
  ),
  document('field bomb', 'a field 20,000 times, to be merged', `{ categories { ${'id '.repeat(20_000)} } }`),
  document(
    'conflicts bomb',
    'fields that must be compared with one another, nested',
    `{ ${'me { orders { edges { node { items { product { id '.repeat(30)} ${'} } } } } }'.repeat(30)} }`,
  ),
  document('token bomb', '200 KB of names', `{ ${'a '.repeat(100_000)} }`),
  document('comment bomb', '200 KB of comments', `${'#\n'.repeat(100_000)}{ categories { id } }`),
  document('operation bomb', '1,000 operations', repeat(1000, 'query q% { categories { id } }')),
  document('variable bomb', '5,000 variables', `query (${repeat(5000, '$v%: Int')}) { categories { id } }`),
  tooMuch('body of 20 MB', 'a document as large as films', ({ graph }) =>
    graph.post(`{"query":"{ ${'a '.repeat(10_000_000)} }"}`).catch(() => closed),
  ),
  document('bracket bomb', '100,000 selections inside one another', '{a'.repeat(100_000)),
  document(
    'list bomb',
    '100,000 lists inside one another, as a literal',
    `{ products(filter: ${'['.repeat(100_000)}) { totalCount } }`,
  ),
  document(
    'type bomb',
    '50,000 list types inside one another',
    `query ($a: ${'['.repeat(50_000)}Int) { categories { id } }`,
  ),
  tooMuch('JSON bomb', '100,000 lists inside one another, as a variable', ({ graph }) =>
    graph.post(
      `{"query":"{ categories { id } }","variables":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
    ),
  ),
  document(
    'introspection of types of types',
    '__type.fields.type.fields… ten times',
    `{ __type(name: "Query") ${'{ fields { type '.repeat(10)} { name } ${'} }'.repeat(10)} }`,
  ),
  document(
    'planner bomb',
    'a field of several subgraphs, along a cycle, under many names',
    `{ me { ${repeat(15, 'a%: orders(first: 1) { edges { node { ...O } } }')} } } fragment O on Order { ${repeat(15, 'c%: customer { id email orders(first: 1) { edges { node { id } } } }')} }`,
  ),
  {
    name: 'as dear as allowed',
    tried: 'operations just within the limits, each planned for the first time: are others served?',
    async run({ graph, customer: token }) {
      const customer = 'customer { email fullName createdAt emailVerified }';
      const bombs = [
        `{ me { ${repeat(28, `o%: orders(first: 1) { edges { node { ${customer} items { product { name stock { available } } } } } }`)} } }`,
        `{ me { orders(first: 1) { edges { node { customer { orders(first: 1) { edges { node { ${repeat(28, `c%: ${customer}`)} } } } } } } } } }`,
        `{ ${repeat(11, 'a%: products(first: 100) { edges { node { name price { amount } stock { available } } } }')} }`,
      ];
      // A comment makes each a document that nobody has seen.
      const replies = await Promise.all(
        bombs.flatMap((query) => [1, 2].map((n) => graph.ask(`# ${Date.now()} ${n}\n${query}`, { token }))),
      );
      const broken = replies.find(({ status }) => ![200, 400, 503].includes(status));
      return broken && `HTTP ${broken.status}: ${shorten(broken.text)}`;
    },
  },
];

/** The connection was closed while the body was sent: as good as 413. */
const closed: Reply = { status: 413, headers: new Headers(), text: '', body: undefined, ms: 0 };
