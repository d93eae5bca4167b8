import {
  type Attack,
  findData,
  repeat,
  shorten,
  tooMuchDocument,
  trickyTexts,
  wonByTexts,
  wonUnlessRefused,
} from '@signet/testing/attack';

const customerFields = 'customer { email fullName createdAt emailVerified }';

/** What `signet attack` tries of the orders: somebody else's, and queries over all subgraphs of the shop. */
export const attacks: readonly Attack[] = [
  {
    name: "another customer's order",
    tried: 'order(id), its items and cancelOrder by id',
    async run({ graph, customer, other }) {
      const { body } = await graph.ask('{ myOrders(first: 1) { edges { node { id } } } }', {
        token: customer,
      });
      const id = findData(body?.data?.myOrders);
      if (typeof id !== 'string')
        return `the customer has no order to look for: ${shorten(JSON.stringify(body))}`;
      const asked = { token: other, variables: { id } };
      return (
        wonUnlessRefused(
          await graph
            .ask('query ($id: ID!) { order(id: $id) { id total { amount } } }', asked)
            .then(treatNullAsRefused),
        ) ?? wonUnlessRefused(await graph.ask('mutation ($id: ID!) { cancelOrder(id: $id) { id } }', asked))
      );
    },
  },
  {
    name: 'texts of errors of orders',
    tried: 'wrong ids: no stack, path, URL, query or library in an answer',
    run: ({ graph, customer: token }) =>
      wonByTexts([
        ...trickyTexts.map(
          (text) => () =>
            graph.ask('query ($i: ID!) { order(id: $i) { id } }', { token, variables: { i: text } }),
        ),
        () => graph.ask('{ order(id: { a: 1 }) { id } }', { token }),
      ]),
  },
  tooMuchDocument(
    'depth of 12',
    'me.orders.customer.orders… twelve fields deep',
    '{ me { orders { edges { node { customer { orders { edges { node { items { product { category { id } } } } } } } } } } } }',
  ),
  tooMuchDocument(
    'pages of orders in pages',
    'orders of the customer of orders of the customer, 100 each',
    '{ me { orders(first: 100) { edges { node { customer { orders(first: 100) { edges { node { id } } } } } } } } }',
  ),
  tooMuchDocument(
    'a page of orders with all their items',
    '80 orders, each of which may have 50 items with their products',
    '{ myOrders(first: 80) { edges { node { items { product { name } } } } } }',
  ),
  {
    name: 'a page of orders as large as allowed',
    tried: '32 orders, their items, products and stock: is what the limits let through answered?',
    async run({ graph, customer: token }) {
      const { status, text } = await graph.ask(
        '{ myOrders(first: 32) { edges { node { items { quantity product { name stock { available } } } } } } }',
        { token },
      );
      return status === 200 && !text.includes('"errors"') ? undefined : `HTTP ${status}: ${shorten(text)}`;
    },
  },
  tooMuchDocument(
    'a list of 10,000',
    'placeOrder of ten thousand items in a variable',
    'mutation ($i: PlaceOrderInput!) { placeOrder(input: $i) { id } }',
    {
      variables: {
        i: { idempotencyKey: 'attack', items: Array(10_000).fill({ productId: 'x', quantity: 1 }) },
      },
    },
  ),
  tooMuchDocument(
    'conflicts bomb of orders',
    'fields that must be compared with one another, nested',
    `{ ${'me { orders { edges { node { items { product { id '.repeat(30)} ${'} } } } } }'.repeat(30)} }`,
  ),
  tooMuchDocument(
    'planner bomb of orders',
    'a field of several subgraphs, along a cycle, under many names',
    `{ me { ${repeat(15, 'a%: orders(first: 1) { edges { node { ...O } } }')} } } fragment O on Order { ${repeat(15, 'c%: customer { id email orders(first: 1) { edges { node { id } } } }')} }`,
  ),
  {
    name: 'orders as expensive as allowed',
    tried: 'operations just within the limits, each planned for the first time: are others served?',
    async run({ graph, customer: token }) {
      const bombs = [
        `{ me { ${repeat(28, `o%: orders(first: 1) { edges { node { ${customerFields} items { product { name stock { available } } } } } }`)} } }`,
        `{ me { orders(first: 1) { edges { node { customer { orders(first: 1) { edges { node { ${repeat(28, `c%: ${customerFields}`)} } } } } } } } } }`,
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

/** `null` for what is somebody else's says as much as a refusal. */
function treatNullAsRefused<R extends { body: { data?: object | null; errors?: unknown[] } | undefined }>(
  reply: R,
): R {
  const isNull = reply.body?.data && Object.values(reply.body.data).every((value) => value === null);
  return isNull ? { ...reply, body: { errors: [{ message: 'null' }] } } : reply;
}
