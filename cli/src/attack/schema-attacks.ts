import type { Attack } from './attack.ts';
import type { Client, Reply } from './client.ts';
import type { Target } from './target.ts';
import { shorten, wonIfInsideShows, wonUnlessRefused } from './verdicts.ts';

const introspection = '{ __schema { queryType { name } types { name fields { name } } } }';

function shown(name: string, tried: string, ask: (target: Target) => Promise<Reply>): Attack {
  return { name, tried, run: async (target) => wonUnlessRefused(await ask(target)) };
}

/** Names that the client never sent, in the text of a refusal. */
async function wonBySuggestion(client: Client, query: string, hidden: RegExp, variables = {}) {
  const { text } = await client.ask(query, { variables });
  return /did you mean/i.test(text) || hidden.test(text) ? shorten(text) : undefined;
}

/** What the schema holds, and what is behind it. */
export const schemaAttacks: readonly Attack[] = [
  shown('introspection at graph', '__schema without a token', ({ graph }) => graph.ask(introspection)),
  shown('introspection as a customer', '__schema at user with a token', ({ user, customer }) =>
    user.ask(introspection, { token: customer }),
  ),
  shown('introspection at the staff entrance', '__schema at portal without a token', ({ portal }) =>
    portal.ask(introspection),
  ),
  shown(
    'introspection under cover',
    '__schema under an alias in a fragment, behind a directive',
    ({ graph }) =>
      graph.ask(
        '{ categories: __typename ...F } fragment F on Query { ... @include(if: true) { id: __schema { a: types { b: name } } } }',
      ),
  ),
  shown('__type', 'a single type by name', ({ graph }) =>
    graph.ask('{ __type(name: "User") { fields { name } } }'),
  ),
  shown('introspection in a batch of operations', 'a harmless operation beside it', ({ graph }) =>
    graph.ask(`query A { __typename } query B ${introspection}`, { operationName: 'B' }),
  ),
  shown('introspection by GET', '__schema in the URL', ({ graph }) =>
    graph.send(`/graphql?query=${encodeURIComponent(introspection)}`, {
      headers: { 'apollo-require-preflight': 'yes' },
    }),
  ),
  {
    name: 'suggested fields',
    tried: 'a field with a letter wrong, for "Did you mean"',
    run: async ({ graph, user }) =>
      (await wonBySuggestion(graph, '{ product5 { id } me { emal } }', /"products?"|"email"/)) ??
      (await wonBySuggestion(user, '{ portalHealt }', /portalHealth/)),
  },
  {
    name: 'suggested arguments',
    tried: 'an argument and an enum value with a letter wrong',
    run: async ({ graph }) =>
      (await wonBySuggestion(graph, '{ products(firs: 1) { totalCount } }', /"first"/)) ??
      (await wonBySuggestion(graph, '{ products(sort: PRICE_AS) { totalCount } }', /PRICE_ASC/)),
  },
  {
    name: 'suggested types and inputs',
    tried: 'a type condition and fields of an input, literal and by variable',
    run: async ({ graph }) =>
      (await wonBySuggestion(
        graph,
        '{ ... on Produc { id } me { ... on Use { id } } }',
        /"User"|"Product"/,
      )) ??
      (await wonBySuggestion(graph, '{ products(filter: { tex: "a" }) { totalCount } }', /"text"/)) ??
      (await wonBySuggestion(
        graph,
        'query ($f: ProductFilter) { products(filter: $f) { totalCount } }',
        /"text"/,
        {
          f: { tex: 'a' },
        },
      )),
  },
  {
    name: 'types in texts',
    tried: 'a required argument left out, an object without a selection, a scalar with one',
    run: async ({ graph }) =>
      (await wonBySuggestion(graph, '{ product { name } }', /"id"|ID!/)) ??
      (await wonBySuggestion(graph, '{ me products }', /"User"|ProductConnection/)) ??
      (await wonBySuggestion(graph, '{ products { totalCount { x } } }', /Int!/)) ??
      (await wonBySuggestion(
        graph,
        'mutation { login(input: {}) { expiresIn } }',
        /"email"|"password"|String!/,
      )),
  },
  {
    name: 'texts of errors',
    tried: 'thirty kinds of wrong requests: no stack, path, URL, query or library in an answer',
    async run({ graph, customer }) {
      for (const attempt of wrongRequests) {
        const reply = await attempt(graph, customer);
        const won =
          wonIfInsideShows(reply) ??
          (reply.status >= 500 && reply.status !== 503
            ? `HTTP ${reply.status}: ${shorten(reply.text)}`
            : undefined);
        if (won) return won;
      }
      return undefined;
    },
  },
  {
    name: 'values in texts',
    tried: 'a password of a wrong type: is it echoed?',
    async run({ graph }) {
      const { text } = await graph.ask('mutation ($i: LoginInput!) { login(input: $i) { accessToken } }', {
        variables: { i: { email: 'a@example.com', password: ['my-secret-value'] } },
      });
      return text.includes('my-secret-value') ? shorten(text) : undefined;
    },
  },
];

const texts = [
  '\u0000',
  '\ud800',
  "'; drop table users; --",
  '../../etc/passwd',
  '{{7*7}}',
  'x'.repeat(3000),
  '%00',
  '\u202e',
];

const wrongRequests: readonly ((graph: Client, token: string) => Promise<Reply>)[] = [
  ...texts.flatMap((text) => [
    (graph: Client) =>
      graph.ask('query ($t: String) { products(filter: { text: $t }) { totalCount } }', {
        variables: { t: text },
      }),
    (graph: Client, token: string) =>
      graph.ask('query ($i: ID!) { order(id: $i) { id } }', { token, variables: { i: text } }),
    (graph: Client) =>
      graph.ask('query ($a: String) { products(after: $a) { totalCount } }', { variables: { a: text } }),
  ]),
  ...[
    '',
    '{',
    'null',
    '"x"',
    '[]',
    '{"query":1}',
    '{"query":"{"}',
    '{"query":"{ a }","variables":[]}',
    '{"query":"{ __typename }","variables":"x","operationName":{}}',
    '{"query":"{ __typename }","extensions":[1]}',
  ].map((body) => (graph: Client) => graph.post(body)),
  (graph) => graph.ask('{ products(first: 99999999999) { totalCount } }'),
  (graph) => graph.ask('subscription { x }'),
  (graph) => graph.ask('query A { __typename } query A { __typename }', { operationName: '__proto__' }),
];
