import {
  type Attack,
  type AttackClient,
  type Reply,
  shorten,
  type Target,
  trickyTexts,
  wonByTexts,
  wonUnlessRefused,
} from '@signet/testing/attack';

const introspection = '{ __schema { queryType { name } types { name fields { name } } } }';

function shown(name: string, tried: string, ask: (target: Target) => Promise<Reply>): Attack {
  return { name, tried, run: async (target) => wonUnlessRefused(await ask(target)) };
}

/** Names that the client never sent, in the text of a refusal. */
async function wonBySuggestion(client: AttackClient, query: string, hidden: RegExp, variables = {}) {
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
        '{ a: __typename ...F } fragment F on Query { ... @include(if: true) { b: __schema { a: types { b: name } } } }',
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
      (await wonBySuggestion(graph, '{ portalHealt me { emal } }', /"portalHealth"|"email"/)) ??
      (await wonBySuggestion(user, '{ portalHealt }', /portalHealth/)),
  },
  {
    name: 'suggested arguments',
    tried: 'an argument and an enum value with a letter wrong',
    run: async ({ graph }) =>
      (await wonBySuggestion(graph, '{ customers(firs: 1) { totalCount } }', /"first"/)) ??
      (await wonBySuggestion(
        graph,
        'mutation { changeStaffRole(id: "1", role: suport) { id } }',
        /"support"|operations/,
      )),
  },
  {
    name: 'suggested types and inputs',
    tried: 'a type condition and fields of an input, literal and by variable',
    run: async ({ graph }) =>
      (await wonBySuggestion(
        graph,
        '{ ... on Quer { me { id } } me { ... on Use { id } } }',
        /"User"|"Query"/,
      )) ??
      (await wonBySuggestion(
        graph,
        '{ auditLog(filter: { actorI: "a" }) { edges { cursor } } }',
        /"actorId"/,
      )) ??
      (await wonBySuggestion(graph, 'mutation ($i: LogoutInput) { logout(input: $i) }', /"refreshToken"/, {
        i: { refreshToke: 'a' },
      })),
  },
  {
    name: 'types in texts',
    tried: 'a required argument left out, an object without a selection, a scalar with one',
    run: async ({ graph }) =>
      (await wonBySuggestion(graph, '{ customer { email } }', /"id"|ID!/)) ??
      (await wonBySuggestion(graph, '{ me customers }', /"User"|UserConnection/)) ??
      (await wonBySuggestion(graph, '{ customers { totalCount { x } } }', /Int!/)) ??
      (await wonBySuggestion(
        graph,
        'mutation { login(input: {}) { expiresIn } }',
        /"email"|"password"|String!/,
      )),
  },
  {
    name: 'texts of errors',
    tried: 'forty kinds of wrong requests: no stack, path, URL, query or library in an answer',
    run: ({ graph, staff: token }) => wonByTexts(wrongRequests(graph, token)),
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

/** Staff's token, so that what is wrong reaches the subgraphs and the database behind them. */
function wrongRequests(graph: AttackClient, token: string): (() => Promise<Reply>)[] {
  return [
    ...trickyTexts.flatMap((text) => [
      () =>
        graph.ask('query ($t: String) { customers(search: $t) { totalCount } }', {
          token,
          variables: { t: text },
        }),
      () => graph.ask('query ($i: ID!) { customer(id: $i) { id } }', { token, variables: { i: text } }),
      () =>
        graph.ask('query ($a: String) { customers(after: $a) { totalCount } }', {
          token,
          variables: { a: text },
        }),
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
    ].map((body) => () => graph.post(body)),
    () => graph.ask('{ customers(first: 99999999999) { totalCount } }', { token }),
    () => graph.ask('subscription { x }'),
    () => graph.ask('query A { __typename } query A { __typename }', { operationName: '__proto__' }),
  ];
}
